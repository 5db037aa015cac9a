/** Every request of an operator: role first, then its answer, then the audit log. */
import { failureOf, HecateError } from '@hecate/proto/core/errors.ts';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import { isClaimedName } from '../core/admission.ts';
import { requireRole } from '../core/roles.ts';
import type { Caller, OperatorRequest, RequestContext } from '../requests/context.ts';
import { enroll, initAuthority, listIdentities, renewOperator, revoke } from '../requests/identities.ts';
import { listNodes } from '../requests/list-nodes.ts';
import { listOperations } from '../requests/list-operations.ts';
import { listUnits } from '../requests/list-units.ts';
import { monitor } from '../requests/monitor.ts';
import { diagnoseNode, getHealth, getMetrics, getOperation, setLogLevel } from '../requests/observe.ts';
import { operate } from '../requests/operate.ts';
import { getPlan } from '../requests/plans.ts';
import { getPower, playPowerScenario } from '../requests/power.ts';
import { read } from '../requests/read.ts';
import { abortRun, getRun, listRuns } from '../requests/runs.ts';
import { startRun } from '../requests/start-run.ts';
import { waitUnits } from '../requests/wait-units.ts';
import { watchRun } from '../requests/watch-run.ts';
import { requireFit } from './fitting-answer.ts';

/** Requests that change something besides units; operations audit themselves, one entry for each. */
const audited: ReadonlySet<Method['case']> = new Set<Method['case']>([
  'enroll',
  'revoke',
  'initAuthority',
  'setLogLevel',
  'renewCertificate',
  'startRun',
  'abortRun',
]);

export async function answerOperator(
  caller: Caller,
  incoming: IncomingRequest,
  context: RequestContext,
): Promise<Outcome> {
  const { method } = incoming;
  try {
    requireRole(caller.role, method);
    const outcome = requireFit(await dispatch(method, { caller, incoming, context }));
    if (audited.has(method.case)) auditRequest(caller, method, context, 'done');
    return outcome;
  } catch (error) {
    const failure = failureOf(error);
    if (audited.has(method.case) || failure.code === 'HEC_ROLE') {
      auditRequest(caller, method, context, failure.code === 'HEC_ROLE' ? 'refused' : 'failed', failure);
    }
    throw error;
  }
}

function auditRequest(
  caller: Caller,
  method: Method,
  context: RequestContext,
  outcome: string,
  failure?: { code: string; message: string },
): void {
  const name = subjectOf(method);
  const verb = method.case === 'operate' ? method.value.verb : method.case;
  context.audit.append({
    who: caller.who,
    ...(isClaimedName(caller.who) ? { claimed: true } : {}),
    from: caller.from,
    what: verb,
    outcome,
    ...(name === undefined ? {} : { subject: name }),
    ...(failure ? { code: failure.code, reason: failure.message } : {}),
  });
}

function subjectOf({ value }: Method): string | undefined {
  if ('name' in value) return value.name;
  return 'runId' in value ? value.runId : undefined;
}

type Around = Omit<OperatorRequest<unknown>, 'value'>;

function dispatch(method: Method, around: Around): Promise<Outcome> {
  const withValue = <Value>(value: Value): OperatorRequest<Value> => ({ ...around, value });
  switch (method.case) {
    case 'listNodes':
      return listNodes(withValue(method.value));
    case 'listUnits':
      return listUnits(withValue(method.value));
    case 'operate':
      return operate(withValue(method.value));
    case 'read':
      return read(withValue(method.value));
    case 'monitor':
      return monitor(withValue(method.value));
    case 'waitUnits':
      return waitUnits(withValue(method.value));
    case 'getMetrics':
      return getMetrics(withValue(method.value));
    case 'setLogLevel':
      return setLogLevel(withValue(method.value));
    case 'getHealth':
      return getHealth(withValue(method.value));
    case 'diagnose':
      return diagnoseNode(withValue(method.value));
    case 'enroll':
      return enroll(withValue(method.value));
    case 'revoke':
      return revoke(withValue(method.value));
    case 'listIdentities':
      return listIdentities(withValue(method.value));
    case 'initAuthority':
      return initAuthority(withValue(method.value));
    case 'getOperation':
      return getOperation(withValue(method.value));
    case 'listOperations':
      return listOperations(withValue(method.value));
    case 'renewCertificate':
      return renewOperator(withValue(method.value));
    case 'getPlan':
      return getPlan(withValue(method.value));
    case 'startRun':
      return startRun(withValue(method.value));
    case 'listRuns':
      return listRuns(withValue(method.value));
    case 'getRun':
      return getRun(withValue(method.value));
    case 'watchRun':
      return watchRun(withValue(method.value));
    case 'abortRun':
      return abortRun(withValue(method.value));
    case 'getPower':
      return getPower(withValue(method.value));
    case 'playScenario':
      return playPowerScenario(withValue(method.value));
    default:
      throw new HecateError('HEC_UNSUPPORTED', `an operator cannot ask ${method.case}`);
  }
}
