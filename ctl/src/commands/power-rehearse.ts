import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import {
  createGetPlan,
  createGetPower,
  createListRuns,
  createStartRun,
  type PlanReport,
  type PowerReport,
} from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { parseDurationMs } from '../core/duration.ts';
import { printable } from '../core/printable.ts';
import { followRun, requestRun } from '../start-run.ts';

export const command: Command = {
  definition: {
    name: 'power rehearse',
    group: 'runs',
    summary: 'shut the cluster down for real, and leave every host on',
    description: [
      'Runs the plan shutdown in the mode cluster-only, as a run that is labelled a rehearsal: units are really stopped, hosts stay on. What its steps take is learnt: it is the budget where power.mode is cluster-only; where it is poweroff, it teaches the steps that both have, and shutdowns that power hosts off teach the rest.',
      'The name of the site is to be typed; where nobody can type, --confirm gives it. It is refused while a shutdown goes on; one that a UPS or an operator asks for meanwhile takes over from a rehearsal that would leave hosts on.',
      'Afterwards, hecatectl startup --execute starts the cluster again.',
    ],
    arguments: [],
    options: [
      { long: 'confirm', valueName: 'SITE', description: 'the name of the site: do it without asking' },
      { long: 'detach', description: 'do not watch: print the id of the run and end' },
      {
        long: 'reason',
        valueName: 'TEXT',
        description: 'why; it is kept with the run and told to hooks; "rehearsal" when not given',
      },
      {
        long: 'time-limit',
        valueName: 'DURATION',
        description: 'as a battery would give it: what the plan may shorten or leave out is chosen by it',
      },
    ],
    examples: [
      { command: 'hecatectl power rehearse', explanation: 'asks for the name of the site, and does it' },
      {
        command: 'hecatectl power rehearse --confirm home --time-limit 5min',
        explanation: 'as if a UPS had five minutes left',
      },
    ],
    exits: ['degraded', 'failed', 'timeout', 'unknown'],
    schema: 'run-event',
    isStream: true,
  },
  run: async (context) => {
    const { invocation, out, sameManager } = context;
    const timeLimit = invocation.text('time-limit');
    const timeLimitMs = timeLimit === undefined ? 0 : parseDurationMs(timeLimit);
    const plan = await lookFirst(context);
    await confirm(context, plan);
    const started = await requestRun(
      context,
      createStartRun({
        name: 'shutdown',
        mode: 'cluster-only',
        execute: true,
        rehearsal: true,
        // What was shown, or nothing.
        planDigest: plan.digest,
        reason: invocation.text('reason') ?? 'rehearsal',
        timeLimitMs,
      }),
    );
    try {
      return await followRun(context, started, invocation.flag('detach'));
    } finally {
      out.note(
        printable(
          `hecatectl: to start the cluster again, once it is over: hecatectl startup --execute${sameManager}`,
        ),
      );
    }
  },
};

/** @throws HEC_RUN_ACTIVE: a rehearsal would join the shutdown that is there */
async function lookFirst(context: Context): Promise<PlanReport> {
  const [plan, power, { runs }] = await Promise.all([
    context.ask('plan', {
      case: 'getPlan',
      value: createGetPlan({ name: 'shutdown', mode: 'cluster-only' }),
    }),
    context.ask('power', { case: 'getPower', value: createGetPower() }),
    context.ask('runs', { case: 'listRuns', value: createListRuns({ runsMax: 200 }) }),
  ]);
  const going = runs.find(
    ({ kind, state }) => kind === 'shutdown' && (state === 'running' || state === 'aborting'),
  );
  if (going) {
    const message = `a shutdown is going on: run ${going.runId}; nothing was sent`;
    throw new HecateError('HEC_RUN_ACTIVE', message, `hecatectl runs watch ${going.runId}`);
  }
  describe(context, plan, power);
  return plan;
}

function describe({ out }: Context, { nodes, expectedMs, boundMs }: PlanReport, power: PowerReport): void {
  const named =
    nodes.length > 8 ? `${nodes.slice(0, 8).join(', ')} and ${nodes.length - 8} more` : nodes.join(', ');
  out.note(
    printable(
      `hecatectl: this stops the cluster for real, on ${named}; hosts stay on; about ${formatDuration(expectedMs)}, at most ${formatDuration(boundMs)}`,
    ),
  );
  for (const { name, phase } of power.upses) {
    if (phase !== 'online') out.note(printable(`hecatectl: warning: ${name} is ${phase}`));
  }
}

/** @throws HEC_USAGE when it is not the name of the site, or nobody can be asked */
async function confirm(context: Context, { nodes }: PlanReport): Promise<void> {
  const { site } = (await context.manager()).welcome;
  const given = context.invocation.text('confirm') ?? (await typed(context, site));
  if (given === site) return;
  throw new HecateError(
    'HEC_USAGE',
    `${JSON.stringify(given.slice(0, 60))} is not the name of this site; nothing was sent`,
    `it is ${site}, with ${nodes.length} nodes: if that is meant, hecatectl power rehearse --confirm ${site}`,
  );
}

async function typed({ signal }: Context, site: string): Promise<string> {
  const { askLine, canAsk } = await import('../io/ask-line.ts');
  if (canAsk()) return askLine(printable(`Type the name of the site (${site}) to go on: `), signal);
  throw new HecateError(
    'HEC_USAGE',
    'nobody can be asked for the name of the site; nothing was sent',
    `if ${site} is meant: hecatectl power rehearse --confirm ${site}`,
  );
}
