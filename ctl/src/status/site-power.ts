/** The UPSes of a site and its budget, in the few words that fit beside everything else. */
import type { PowerReport, UpsReport } from '@hecate/proto/generated/wire.ts';
import {
  budgetLine,
  measureText,
  percentText,
  siteLines,
  toneOfPhase,
  upsNotes,
} from '../core/power-text.ts';
import { printable } from '../core/printable.ts';
import { type Cell, cell } from '../core/table.ts';
import type { Output } from '../io/output.ts';

const columns = [
  { title: 'UPS' },
  { title: 'STATE' },
  { title: 'STATUS' },
  { title: 'CHARGE', align: 'right' },
  { title: 'RUNTIME', align: 'right' },
  { title: 'TRIGGERS IN', align: 'right' },
] as const;

const row = (ups: UpsReport): Cell[] => [
  cell(ups.name),
  cell(ups.phase, toneOfPhase(ups.phase)),
  cell(ups.flags.join(' ') || ups.silence || '-'),
  cell(percentText(ups.chargePercent)),
  cell(measureText(ups.believedRuntimeMs)),
  cell(measureText(ups.triggerInMs)),
];

/** Nothing, where no UPS is watched and no other site is known. */
export function showPower(out: Output, power: PowerReport): void {
  const elsewhere = siteLines(power, out.paint.bind(out));
  if (power.upses.length === 0 && elsewhere.length === 0) return;
  out.line('');
  if (power.upses.length > 0) out.table(columns, power.upses.map(row));
  for (const line of power.upses.flatMap((ups) => upsNotes(ups, out.paint.bind(out)))) out.line(line);
  for (const line of elsewhere) out.line(line);
  out.line(budgetLine(power));
  if (power.budget?.warning) out.note(printable(power.budget.warning));
}
