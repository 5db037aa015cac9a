/** What an operator may ask of the manager itself. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { parseNodeName, parseOpId } from '@hecate/proto/core/names.ts';
import type {
  Diagnose,
  GetHealth,
  GetMetrics,
  GetOperation,
  SetLogLevel,
} from '@hecate/proto/generated/wire.ts';
import { diagnose } from '../core/diagnosis.ts';
import type { FleetNode } from '../core/fleet.ts';
import { healthOf } from '../core/health.ts';
import { stepAt } from '../core/runs/plan-walk.ts';
import type { RunState } from '../core/runs/run.ts';
import { selectNodes } from '../core/selection.ts';
import { parseLogLevel } from '../io/logger.ts';
import type { OperatorRequest, RequestContext } from './context.ts';

export async function getMetrics({ context }: OperatorRequest<GetMetrics>): Promise<Outcome> {
  return { case: 'metrics', value: { text: await context.metricsText() } };
}

const runSentence = ({ request: { plan, runId }, running }: RunState): string => {
  const step = running && stepAt(plan, running.address);
  return `${plan.name} ${runId} is going on${step ? `: step ${step.id}, ${step.name}` : ''}`;
};

export const currentHealth = (context: RequestContext) =>
  healthOf({
    fleet: context.fleet.state,
    epoch: context.epoch,
    highestForeignEpoch: context.highestForeignEpoch(),
    hasAuthority: context.trust.hasAuthority(),
    hasPlainListener: context.config().plainLoopbackListen !== undefined,
    troubles: context.troubles(),
    runs: context.runs.active().map(runSentence),
    orders: context.runs.strayOrders.troubles(),
    power: context.power.upses.length > 0 ? context.power.troubles() : undefined,
    site: context.config().site,
    softwareVersion: context.softwareVersion,
    uptimeMs: context.clock.nowMs() - context.startedAtMs,
  });

export async function getHealth({ context }: OperatorRequest<GetHealth>): Promise<Outcome> {
  return { case: 'health', value: currentHealth(context) };
}

export async function diagnoseNode({ value, context }: OperatorRequest<Diagnose>): Promise<Outcome> {
  const name = parseNodeName(value.node);
  const identity = context.trust.list('node').find((each) => each.name === name);
  const hasCertificate = identity?.state === 'joined' || identity?.state === 'expired';
  const findings = diagnose({
    name,
    nowWallMs: context.clock.wallMs(),
    node: context.fleet.state.nodes.get(name),
    isEnrolled: context.fleet.state.nodes.has(name),
    isRevoked: identity?.state === 'revoked',
    certificateNotAfterMs: hasCertificate ? identity.notAfterMs : 0,
    hasOpenToken: identity?.state === 'enrolled',
    hasAuthority: context.trust.hasAuthority(),
    listening: context.listening(),
    refusals: context.refusalsOf(name),
    refusalsOfStrangers: context.refusalsOfStrangers(),
  });
  return { case: 'diagnosis', value: { node: name, findings } };
}

export async function getOperation({ value, context }: OperatorRequest<GetOperation>): Promise<Outcome> {
  const known = context.operations.known(parseOpId(value.opId));
  if (known) return { case: 'knownOperation', value: known };
  throw new HecateError(
    'HEC_NO_SUCH_OPERATION',
    `no operation ${value.opId} is remembered`,
    'the manager remembers the last 2,000; older ones are in its audit log',
  );
}

const setLevelTimeLimitMs = 5000;

/** Of the manager, or of the agents of the nodes that are named. */
export async function setLogLevel({ value, context }: OperatorRequest<SetLogLevel>): Promise<Outcome> {
  const level = parseLogLevel(value.level);
  if (value.nodes.length === 0) {
    return { case: 'logLevel', value: { before: context.setLogLevel(level), after: level } };
  }
  const nodes = selectNodes(context.fleet.state, { patterns: value.nodes, all: false });
  const answers = await Promise.all(nodes.map((node) => setLevelOf(node, level, context)));
  const failed = answers.flatMap(({ failure }) => (failure ? [failure] : []));
  if (failed.length > 0) throw notSet(level, answers.length, failed);
  const before = answers.map((answer) => answer.before);
  return { case: 'logLevel', value: { before: [...new Set(before)].join(', '), after: level } };
}

async function setLevelOf(
  { name, offlineReason }: FleetNode,
  level: string,
  context: RequestContext,
): Promise<{ before: string; failure?: HecateError }> {
  const session = context.sessionOf(name);
  if (!session) {
    const message = `${name} is offline: ${offlineReason}`;
    return { before: '', failure: new HecateError('HEC_OFFLINE', message, `hecatectl doctor ${name}`) };
  }
  try {
    const method = { case: 'setAgentLogLevel' as const, value: { level, nodes: [] } };
    const outcome = await session.call(method, { timeLimitMs: setLevelTimeLimitMs });
    return { before: outcome.case === 'logLevel' ? outcome.value.before : '' };
  } catch (error) {
    const { code, message, remedy } = asHecateError(error);
    return { before: '', failure: new HecateError(code, `${name}: ${message}`, remedy, error) };
  }
}

/** All were tried; those where it went wrong are named, each with its reason. */
function notSet(level: string, count: number, failed: readonly HecateError[]): HecateError {
  const worst = failed.find(({ code }) => code !== 'HEC_OFFLINE') ?? failed[0];
  const why = failed.map(({ message }) => message).join('; ');
  const message = `the level is ${level} on ${count - failed.length} of ${count} nodes; not on: ${why}`;
  return new HecateError(worst?.code ?? 'HEC_INTERNAL', message, worst?.remedy);
}
