import { createGetPower, createListRuns } from '@hecate/proto/generated/wire.ts';
import type { Context, End } from '../context.ts';
import { printable } from '../core/printable.ts';
import { cell } from '../core/table.ts';
import { listUnits } from '../list-units.ts';
import { nodeJson, unitJson } from '../output/fleet-json.ts';
import { powerJson } from '../output/power-json.ts';
import { runSummaryJson } from '../output/run-json.ts';
import { connectionText, connectionTone } from '../output/state-tone.ts';
import { ago } from '../output/time-text.ts';
import { showPower } from './site-power.ts';
import { showRuns, siteRuns } from './site-runs.ts';

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** As many as there may be dry runs after the last one that did something. */
const runsMax = 50;

/** The site at a glance: who is there, what has failed, power, and runs. */
export async function showSite(context: Context): Promise<End> {
  const { out } = context;
  const manager = await context.manager();
  const everything = { patterns: [], all: true };
  const [{ nodes }, units, power, { runs }] = await Promise.all([
    context.ask('nodes', { case: 'listNodes', value: { nodes: everything } }),
    listUnits(context, { nodes: everything, states: ['failed'], inactiveToo: true }),
    context.ask('power', { case: 'getPower', value: createGetPower() }),
    context.ask('runs', { case: 'listRuns', value: createListRuns({ runsMax }) }),
  ]);
  nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
  const failed = units.flatMap(({ node, units: found, isStale }) =>
    isStale ? [] : found.map((unit) => ({ node, unit })),
  );
  const { site, epoch } = manager.welcome;
  const { active, last } = siteRuns(runs);
  if (out.isJson) {
    out.json({
      site,
      epoch,
      nodes: nodes.map(nodeJson),
      units_failed: failed.map(({ node, unit }) => unitJson(node, unit, false)),
      power: powerJson(power),
      runs_active: active.map(runSummaryJson),
      run_last: last ? runSummaryJson(last) : null,
    });
    return 'success';
  }
  const online = nodes.filter(({ connection }) => connection === 'online').length;
  out.line(
    `${printable(site)}: ${count(nodes.length, 'node')}, ${online} online, ${count(failed.length, 'failed unit')}`,
  );
  const nowMs = Date.now();
  out.table(
    [{ title: 'NODE' }, { title: 'STATE' }, { title: 'LAST SEEN' }, { title: 'NOTE', isFlexible: true }],
    nodes.map((node) => [
      cell(node.name),
      cell(connectionText(node.connection), connectionTone(node.connection)),
      cell(node.connection === 'online' ? 'now' : ago(node.lastSeenMs, nowMs)),
      cell(node.connection === 'online' ? '' : node.offlineReason),
    ]),
  );
  if (failed.length > 0) {
    out.line('');
    out.table(
      [
        { title: 'NODE' },
        { title: 'FAILED UNIT' },
        { title: 'SUB' },
        { title: 'DESCRIPTION', isFlexible: true },
      ],
      failed.map(({ node, unit }) => [
        cell(node),
        cell(unit.name, 'bad'),
        cell(unit.subState),
        cell(unit.description),
      ]),
    );
  }
  showPower(out, power);
  showRuns(out, { active, last }, nowMs);
  return 'success';
}
