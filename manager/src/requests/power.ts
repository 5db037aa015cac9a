/** What operators ask of power: how every UPS is, and what a recorded discharge would lead to. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { createScenarioReport, type GetPower, type PlayScenario } from '@hecate/proto/generated/wire.ts';
import { playScenario } from '../core/power/scenario/scenario.ts';
import { powerReport } from '../power/power-report.ts';
import type { OperatorRequest } from './context.ts';

export async function getPower({ context }: OperatorRequest<GetPower>): Promise<Outcome> {
  const { power, clock, config } = context;
  const value = powerReport({
    upses: power.upses,
    budget: power.budget,
    nodes: power.nodes(),
    mode: config().power.mode,
    startup: power.startup(),
    forwards: power.forwards.forwards(),
    peers: power.forwards.peers(),
    nowMs: clock.bootTimeMs(),
    upsConfig: (name) => power.upsConfig(name),
  });
  return { case: 'power', value };
}

/** A scenario that triggers again and again has more to say than anybody reads; an answer is one frame. */
const linesMax = 2000;
const lineLengthMax = 1000;
const bytesMax = 200_000;

/** Plays it through the decision with the figures of this site and of the UPS that is named, and touches nothing. */
export async function playPowerScenario({ value, context }: OperatorRequest<PlayScenario>): Promise<Outcome> {
  const { power } = context;
  const ups = value.ups === '' ? 'ups' : value.ups;
  const names = power.upses.map(({ declaration }) => declaration.name);
  if (value.ups !== '' && !names.includes(value.ups))
    throw new HecateError(
      'HEC_NO_SUCH_UPS',
      `no UPS ${JSON.stringify(value.ups)} is declared${names.length > 0 ? `: there are ${names.join(', ')}` : ''}`,
      'declare it in hecate.yaml (power.upses), or leave --ups out',
    );
  const reading = power.upses.find(({ name }) => name === ups)?.runner.state.reading;
  const config = { ...power.upsConfig(ups), budgetMs: power.decisionBudgetMs };
  const all = playScenario(value.text, config, reading);
  const triggers = all.some((line) => /^\s*\d+:\d\d {2}trigger /.test(line));
  return { case: 'scenario', value: createScenarioReport({ lines: fitting(all), triggers }) };
}

function fitting(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const line of lines.slice(0, linesMax)) {
    const cut = line.slice(0, lineLengthMax);
    bytes += Buffer.byteLength(cut) + 8;
    if (bytes > bytesMax) break;
    kept.push(cut);
  }
  if (kept.length < lines.length) kept.push(`and ${lines.length - kept.length} more lines`);
  return kept;
}
