/** `startup`, `shutdown` and `run`: the same request for plans of different names. A dry run unless --execute. */
import { asHecateError, HecateError, isSessionEnd } from '@hecate/proto/core/errors.ts';
import {
  createStartRun,
  type PlanMode,
  type RunReport,
  type RunStarted,
  type StartRun,
} from '@hecate/proto/generated/wire.ts';
import type { Command, Context, End } from './context.ts';
import type { ArgumentDefinition, Example, OptionDefinition } from './core/command-definition.ts';
import { parseDurationMs } from './core/duration.ts';
import { printable } from './core/printable.ts';
import { exitOfRun, runIdOf, stateOf } from './core/run-state.ts';
import { runTree } from './core/run-tree.ts';
import { acceptedJson, reportJson } from './output/run-json.ts';
import { endOfWatch, type WatchEnd, watchRun } from './watch-run.ts';

/** A dry run looks at every gate, once, with a limit of its own, and asks every node for its units. */
const startTimeLimitMs = 60_000;

export const modeOption: OptionDefinition = {
  long: 'mode',
  valueName: 'MODE',
  description: 'cluster-only leaves every host on; poweroff when not given',
  choices: ['poweroff', 'cluster-only'],
};

const startOptions: readonly OptionDefinition[] = [
  {
    long: 'execute',
    description: 'carry it out; without this, every check and every read is made and nothing is applied',
  },
  {
    long: 'plan-digest',
    valueName: 'DIGEST',
    description: 'refuse when the plan is not the one that was looked at (hecatectl plan shows its digest)',
  },
  { long: 'detach', description: 'do not watch: print the id of the run and end' },
  { long: 'reason', valueName: 'TEXT', description: 'why; it is kept with the run and told to hooks' },
  {
    long: 'time-limit',
    valueName: 'DURATION',
    description:
      'how long the run may take: what the plan may shorten or leave out then is chosen by it (--timeout is only how long to watch)',
  },
  {
    long: 'rehearsal',
    description: 'label it as a rehearsal: it is carried out all the same, and its durations are learnt',
  },
];

const everyRun = [
  'Without --execute it is a dry run: every check and every read is made, it is printed what would be done, and nothing is applied; it ends with success when it would work, and with 1 when it would not.',
  'With --execute the run is watched to its end: on a terminal as a tree of stages and steps, in a pipe as one line for every event, with -o json as one object for every event and at last the report. Ctrl-C, --timeout and the end of this program end the watching only; a manager that is restarted goes on with the run, and the watching goes on with it.',
  'With --config FILE, the manager of this host is found by the sockets in that file, which must be its own configuration; of those that this user may open, the one that allows the most is taken. The plan comes from what the manager has read, not from the file: after a change of it, reload the manager first (systemctl reload hecate-manager).',
];

export interface StartWords {
  readonly name: string;
  readonly summary: string;
  readonly description: readonly string[];
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  readonly examples: readonly Example[];
  /** The plan. */
  readonly planOf: (context: Context) => string;
}

export function startCommand(words: StartWords): Command {
  return {
    definition: {
      name: words.name,
      group: 'runs',
      summary: words.summary,
      description: [...words.description, ...everyRun],
      arguments: words.arguments ?? [],
      options: [modeOption, ...startOptions, ...(words.options ?? [])],
      examples: words.examples,
      exits: ['degraded', 'notFound', 'failed', 'timeout', 'unknown'],
      schema: 'run-event',
      isStream: true,
    },
    run: async (context) => {
      const name = words.planOf(context);
      const started = await askToStart(context, name);
      const run = reportOf(started);
      if (!context.invocation.flag('execute')) return tellDryRun(context, run);
      return followRun(context, started, context.invocation.flag('detach'));
    },
  };
}

export const modeOf = (context: Context): PlanMode =>
  (context.invocation.text('mode') as PlanMode | undefined) ?? 'unspecified';

async function askToStart(context: Context, name: string): Promise<RunStarted> {
  const { invocation } = context;
  const execute = invocation.flag('execute');
  for (const option of ['detach', 'rehearsal']) {
    if (execute || !invocation.flag(option)) continue;
    throw new HecateError('HEC_USAGE', `--${option} without --execute`, 'a dry run begins nothing');
  }
  const timeLimit = invocation.text('time-limit');
  const value = createStartRun({
    name,
    mode: modeOf(context),
    execute,
    planDigest: invocation.text('plan-digest') ?? '',
    reason: invocation.text('reason') ?? '',
    timeLimitMs: timeLimit === undefined ? 0 : parseDurationMs(timeLimit),
    overrideIntent: invocation.definition.name === 'startup' && invocation.flag('override-intent'),
    rehearsal: invocation.flag('rehearsal'),
  });
  return requestRun(context, value);
}

/** @throws why it is refused; HEC_UNKNOWN when it may have been accepted all the same */
export async function requestRun(context: Context, value: StartRun): Promise<RunStarted> {
  // Whatever goes wrong before this resolves was certainly not sent.
  await context.manager();
  const timeLimitMs = Math.min(context.timeLimitMs(startTimeLimitMs), startTimeLimitMs);
  const asked = context.ask('runStarted', { case: 'startRun', value }, { timeLimitMs });
  return value.execute ? asked.catch((thrown: unknown) => onLoss(context, thrown)) : asked;
}

/** @throws HEC_PROTOCOL when it came without one */
export function reportOf({ run }: RunStarted): RunReport {
  if (run) return run;
  throw new HecateError(
    'HEC_PROTOCOL',
    'the manager answered without a report of the run',
    'are hecatectl and the manager of the same release? hecatectl version',
  );
}

/** The answer did not come: the run may have been accepted all the same. */
function onLoss(context: Context, thrown: unknown): never {
  const error = asHecateError(thrown);
  const remedy = `hecatectl runs list${context.sameManager} shows whether it was accepted`;
  if (error.code === 'HEC_CANCELLED' && context.signal.aborted) {
    context.out.error('hecatectl: interrupted before the answer came');
    context.out.error(`  next: ${remedy}`);
    throw error;
  }
  if (!isSessionEnd(thrown) && error.code !== 'HEC_TIMEOUT') throw error;
  throw new HecateError('HEC_UNKNOWN', `no answer came (${error.message})`, remedy, error);
}

function tellDryRun(context: Context, report: RunReport): End {
  const { out } = context;
  const end = exitOfRun(report);
  if (out.isJson) {
    out.line(JSON.stringify(reportJson(report)));
    return end;
  }
  if (!out.style.isQuiet) printTree(context, report);
  if (end === 'success') {
    const how =
      stateOf(report) === 'degraded' ? '; it would end degraded, for what stands with its steps' : '';
    out.note(`hecatectl: a dry run: nothing was applied${how}`);
    out.note(printable(`  next: ${executeLine(context, report)}`));
    return end;
  }
  throw new HecateError(
    'HEC_RUN_FAILED',
    'a dry run: nothing was applied, and it would not work as things are',
    'what is in its way stands with its steps; hecatectl health; hecatectl list-nodes',
  );
}

/** The same again, and carried out: this very plan, or nothing. */
function executeLine({ invocation, sameManager }: Context, { summary, planDigest }: RunReport): string {
  const { name } = invocation.definition;
  const given = ['mode', 'time-limit'].flatMap((option) => {
    const value = invocation.text(option);
    return value === undefined ? [] : [`--${option}`, value.includes(' ') ? `'${value}'` : value];
  });
  const plan = name === 'run' ? [summary?.plan ?? ''] : [];
  return (
    ['hecatectl', name, ...plan, ...given, '--execute', '--plan-digest', planDigest].join(' ') + sameManager
  );
}

/** Standing still: a report as it is now. */
export function printTree({ out }: Context, report: RunReport): void {
  const lines = runTree(report, {
    width: out.isTerminal ? process.stdout.columns || 80 : undefined,
    heightMax: undefined,
    sinceReportMs: 0,
    paint: (text, tone) => out.paint(text, tone),
  });
  for (const line of lines) out.line(line);
}

/** Says what became of the request. */
async function tellStarted({ out }: Context, started: RunStarted): Promise<void> {
  const runId = runIdOf(reportOf(started));
  if (out.isJson) await out.stream(`${JSON.stringify(acceptedJson(started))}\n`);
  if (started.joined) out.note(`hecatectl: joined run ${runId}, which was going on already`);
  for (const other of started.preempted) out.note(printable(`hecatectl: run ${other} was ended for it`));
}

/** Watches what was accepted, to its end. */
export async function watchStarted(context: Context, started: RunStarted): Promise<WatchEnd> {
  const runId = runIdOf(reportOf(started));
  await tellStarted(context, started);
  context.out.note(`hecatectl: run ${runId} is accepted; Ctrl-C ends the watching, and the run goes on`);
  return watchRun(context, runId);
}

/** @throws HEC_RUN_FAILED when the run did not reach its end */
export async function followRun(context: Context, started: RunStarted, isDetached: boolean): Promise<End> {
  const { out, sameManager } = context;
  const report = reportOf(started);
  const runId = runIdOf(report);
  if (!isDetached) return endOfWatch(context, runId, await watchStarted(context, started));
  await tellStarted(context, started);
  if (out.isJson) out.line(JSON.stringify(reportJson(report)));
  else out.line(runId);
  out.note(printable(`  next: hecatectl runs watch ${runId}${sameManager}`));
  return 'success';
}
