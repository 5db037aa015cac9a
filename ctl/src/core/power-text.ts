/** Power for people: what every UPS says, what is believed of it, and how far that is from a shutdown. Pure. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { Measure, PowerBudget, PowerReport, UpsReport } from '@hecate/proto/generated/wire.ts';
import { printable } from './printable.ts';
import { type Cell, cell, type Tone } from './table.ts';

type Paint = (text: string, tone: Tone) => string;

export const upsColumns = [
  { title: 'UPS' },
  { title: 'STATE' },
  { title: 'STATUS' },
  { title: 'CHARGE', align: 'right' },
  { title: 'LOAD', align: 'right' },
  { title: 'RUNTIME', align: 'right' },
  { title: 'BELIEVED', align: 'right' },
  { title: 'THRESHOLD', align: 'right' },
  { title: 'SLACK', align: 'right' },
  { title: 'TRIGGERS IN', align: 'right' },
  { title: 'DATA AGE', align: 'right' },
] as const;

const none = '-';

export const percentText = (measure: Measure | undefined): string =>
  measure === undefined ? none : `${Math.round(measure.value)} %`;

export const measureText = (measure: Measure | undefined): string =>
  measure === undefined ? none : formatDuration(measure.value);

/** Below zero: it is under the threshold. */
export const slackText = (slackMs: number): string =>
  slackMs < 0 ? `-${formatDuration(-slackMs)}` : formatDuration(slackMs);

const tones: Readonly<Record<string, Tone>> = {
  online: 'good',
  unknown: 'doubtful',
  recover: 'doubtful',
  'blind-online': 'doubtful',
};

export const toneOfPhase = (phase: string): Tone => tones[phase] ?? 'bad';

export function upsRow(ups: UpsReport): Cell[] {
  const isDeciding = ups.triggerInMs !== undefined;
  return [
    cell(ups.name),
    cell(ups.phase, toneOfPhase(ups.phase)),
    cell(ups.flags.join(' ') || ups.silence || none),
    cell(percentText(ups.chargePercent)),
    cell(percentText(ups.loadPercent)),
    cell(measureText(ups.toldRuntimeMs)),
    cell(measureText(ups.believedRuntimeMs)),
    cell(formatDuration(ups.thresholdMs)),
    cell(isDeciding ? slackText(ups.slackMs) : none, isDeciding && ups.slackMs < 0 ? 'bad' : 'plain'),
    cell(measureText(ups.triggerInMs)),
    cell(measureText(ups.dataAgeMs)),
  ];
}

/** What the decision asks for, and what it alerts of: a line each, under the table. */
export function upsNotes(ups: UpsReport, paint: Paint): string[] {
  const { trigger, alerts, inhibition, name } = ups;
  const lines = alerts
    .filter(({ level }) => level !== 'notice')
    .map(
      ({ level, sentence }) =>
        `${paint(level, level === 'critical' ? 'bad' : 'doubtful')}: ${printable(sentence)}`,
    );
  if (inhibition !== '') lines.push(`${paint('no decision', 'doubtful')}: ${printable(inhibition)}`);
  if (trigger === undefined) return lines;
  const run =
    trigger.runId === ''
      ? `no run has begun for it yet${trigger.trouble ? `: ${trigger.trouble}` : ''}`
      : `run ${trigger.runId}: hecatectl runs watch ${trigger.runId}`;
  const since = `${formatDuration(trigger.ageMs)} ago`;
  lines.push(`${paint('shutdown', 'bad')}: ${printable(`${name} has asked for it ${since}; ${run}`)}`);
  return lines;
}

/** Other sites: what goes there or comes from there, and whether their managers are heard. */
export function siteLines({ forwards, peers }: PowerReport, paint: Paint): string[] {
  return [
    ...forwards.map(({ sentence, phase }) => {
      const isOver = phase === 'ended' || phase === 'withdrawn';
      return `${paint('forward', isOver ? 'plain' : 'bad')}: ${printable(sentence)}`;
    }),
    ...peers.map(({ name, connected, hindrance, trouble }) => {
      const power = hindrance === '' ? '' : `; ${hindrance}`;
      const state = connected ? `answers${power}` : `no session: ${trouble}`;
      return `${paint('other site', connected ? 'good' : 'doubtful')}: ${printable(`${name} ${state}`)}`;
    }),
  ];
}

export function budgetLine({ mode, budget }: PowerReport): string {
  if (budget === undefined) return '';
  const { budgetMs, boundMs, powerOffMs } = budget;
  const bound = boundMs > 0 ? `, at most ${formatDuration(boundMs)}` : '';
  const tail = powerOffMs > 0 ? `, ${formatDuration(powerOffMs)} of it for hosts that go off last` : '';
  return printable(`budget: ${formatDuration(budgetMs)}${tail}${bound} (${learntText(budget)}, ${mode})`);
}

function learntText({ samples, source }: PowerBudget): string {
  if (samples > 0) return `learnt of ${samples === 1 ? 'one run' : `${samples} runs`}`;
  return source === 'estimated' ? 'estimated of the plan, which takes longer than declared' : 'declared';
}
