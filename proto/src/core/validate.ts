/**
 * The semantic check at the trust boundary: what decodes is not yet valid (one mutated frame in five decodes).
 * First every text and list against its limit, then which frames this side may send at all, then the fields
 * that decide something.
 */
import type {
  ArmShutdown,
  ForwardTrigger,
  Hello,
  Operation,
  OperationOutcome,
  Request,
  Response,
  VerbOptions,
  Welcome,
  WithdrawTrigger,
} from '../generated/wire.ts';
import { HecateError } from './errors.ts';
import type { FrameBody, Method, PeerSide } from './frames.ts';
import { isJobMode } from './job-modes.ts';
import { limits } from './limits.ts';
import { parseNodeName, parseOpId } from './names.ts';

const longTexts = new Set(['message', 'text', 'data', 'bytes', 'logLines', 'token', 'remedy', 'argv']);

function protocolError(why: string): HecateError {
  return new HecateError('HEC_PROTOCOL', why);
}

function demand(condition: boolean, why: string): void {
  if (!condition) throw protocolError(why);
}

/** Walks a decoded frame; the decoder has bounded its depth. */
function checkSizes(value: unknown, field: string): void {
  if (typeof value === 'string') {
    const max = longTexts.has(field) ? limits.longTextLengthMax : limits.textLengthMax;
    demand(value.length <= max, `${field} has ${value.length} characters, allowed are ${max}`);
  } else if (Array.isArray(value)) {
    for (const item of value) checkSizes(item, field);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [key, inner] of Object.entries(value)) checkSizes(inner, key === 'value' ? field : key);
  }
}

/** Every list of a request costs work for each of its elements (globs over all units, operations to record). */
function checkLists(value: unknown, field: string): void {
  if (Array.isArray(value)) {
    demand(
      value.length <= limits.listLengthMax,
      `${field} has ${value.length} elements, allowed are ${limits.listLengthMax}`,
    );
    for (const item of value) checkLists(item, field);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [key, inner] of Object.entries(value)) checkLists(inner, key === 'value' ? field : key);
  }
}

const allowedMethods: Record<PeerSide, ReadonlySet<Method['case']>> = {
  manager: new Set([
    'apply',
    'resolveOperations',
    'query',
    'setAgentLogLevel',
    'armShutdown',
    'disarmShutdown',
  ]),
  agent: new Set(['reportOutcomes', 'renewCertificate']),
  peer: new Set(['forwardTrigger', 'withdrawTrigger', 'tellStanding', 'renewCertificate']),
  joiner: new Set(['join']),
  operator: new Set([
    'listNodes',
    'listUnits',
    'operate',
    'read',
    'monitor',
    'waitUnits',
    'getMetrics',
    'setLogLevel',
    'getHealth',
    'diagnose',
    'enroll',
    'revoke',
    'listIdentities',
    'initAuthority',
    'getOperation',
    'listOperations',
    'renewCertificate',
    'getPlan',
    'startRun',
    'listRuns',
    'getRun',
    'watchRun',
    'abortRun',
    'getPower',
    'playScenario',
  ]),
  undecided: new Set(),
};

const allowedBodies: Record<PeerSide, ReadonlySet<FrameBody['case']>> = {
  undecided: new Set(['hello', 'goodbye']),
  manager: new Set([
    'welcome',
    'goodbye',
    'heartbeat',
    'request',
    'response',
    'streamItem',
    'credit',
    'cancel',
  ]),
  agent: new Set(['goodbye', 'heartbeat', 'request', 'response', 'streamItem', 'credit', 'cancel', 'notice']),
  operator: new Set(['goodbye', 'heartbeat', 'request', 'credit', 'cancel']),
  peer: new Set(['goodbye', 'heartbeat', 'request', 'cancel']),
  joiner: new Set(['goodbye', 'heartbeat', 'request', 'cancel']),
};

function checkHello(hello: Hello): void {
  demand(hello.peerKind !== 'unspecified', 'a hello that does not say what it wants to be');
  demand(
    hello.protocolMin >= 1 && hello.protocolMin <= hello.protocolMax,
    'a hello with an empty version range',
  );
  demand(hello.name.length <= 256, 'a hello with too long a name');
  demand(hello.takesOverSessionId.length <= 64, 'a hello with too long a session id');
  demand(hello.ownUnit.length <= limits.unitNameBytesMax, 'a hello with too long a unit name');
  if (hello.peerKind === 'agent') {
    parseNodeName(hello.name);
    demand(/^[0-9a-fA-F-]{32,36}$/.test(hello.bootId), 'a hello of an agent without a boot id');
    if (hello.carriedOutRunId !== '') parseOpId(hello.carriedOutRunId);
    if (hello.armedRunId !== '') parseOpId(hello.armedRunId);
  }
}

function checkWelcome(welcome: Welcome): void {
  const { heartbeatIntervalMsMin: min, heartbeatIntervalMsMax: max } = limits;
  const interval = welcome.heartbeatIntervalMs;
  demand(
    interval >= min && interval <= max,
    `a heartbeat interval of ${interval} ms, allowed are ${min} to ${max}`,
  );
  demand(welcome.role !== 'unspecified', 'a welcome that grants no role');
  demand(welcome.sessionId !== '', 'a welcome without a session id');
}

function checkOptions(options: VerbOptions | undefined): void {
  if (!options) return;
  const { jobMode } = options;
  demand(jobMode === '' || isJobMode(jobMode), `job mode ${jobMode} is none that systemd has`);
  demand(['', 'main', 'control', 'all'].includes(options.killWho), `kill whom: ${options.killWho}`);
  demand(options.signal >= 0 && options.signal <= 64, `signal ${options.signal}`);
  demand(options.argv.length <= 256, 'more than 256 arguments');
}

function checkOperation(operation: Operation): void {
  parseOpId(operation.opId);
  demand(operation.verb !== 'unspecified', 'an operation whose verb this version does not know');
  demand(operation.epoch > 0, 'an operation without an epoch');
  demand(operation.notAfterClockMs > 0, 'an operation that never expires');
  demand(
    operation.timeLimitMs > 0 && operation.timeLimitMs <= limits.timeLimitMsMax,
    'an operation without a time limit',
  );
  demand(operation.logLines <= 1000, 'more than 1000 log lines');
  checkOptions(operation.options);
}

function checkOrder(order: ArmShutdown): void {
  parseOpId(order.runId);
  demand(order.epoch > 0, 'an order without an epoch');
  demand(order.beginAtClockMs > 0, 'an order that says no time');
  demand(order.operations.length > 0, 'an order of nothing');
  for (const { verb, timeLimitMs, options } of order.operations) {
    demand(verb !== 'unspecified', 'an order with a verb that this version does not know');
    demand(timeLimitMs > 0 && timeLimitMs <= limits.timeLimitMsMax, 'an order without a time limit');
    checkOptions(options);
  }
}

/** An outcome of an agent; what it may not leave open is which operation it is about, and how that ended. */
function checkOutcome(outcome: OperationOutcome): void {
  parseOpId(outcome.opId);
  demand(outcome.status !== 'unspecified', 'an outcome whose status this version does not know');
}

function checkResponse(response: Response, from: PeerSide): void {
  const { outcome } = response;
  demand(outcome.case !== undefined, 'a response whose outcome this version does not know');
  if (from !== 'agent') return;
  if (outcome.case === 'operation') checkOutcome(outcome.value);
  if (outcome.case === 'resolvedOperations') {
    for (const { opId, resolution, outcome: known } of outcome.value.operations) {
      parseOpId(opId);
      demand(resolution !== 'unspecified', 'a resolution that this version does not know');
      demand(
        resolution !== 'finished' || known !== undefined,
        'an operation that has finished without an outcome',
      );
      if (known) checkOutcome(known);
    }
  }
}

/** Names and ids that are kept, and become part of others. */
function checkForward({ ups, instance, sequence }: ForwardTrigger | WithdrawTrigger): void {
  demand(ups.length >= 1 && ups.length <= 64, 'a forward that names no UPS');
  demand(/^[0-9a-z-]{8,64}$/.test(instance), 'a forward without the instance of its sender');
  demand(sequence > 0, 'a forward without a sequence');
}

function checkRequest(request: Request, from: PeerSide): void {
  demand(request.id > 0, 'a request without an id');
  demand(
    request.timeLimitMs > 0 && request.timeLimitMs <= limits.timeLimitMsMax,
    'a request without a time limit',
  );
  demand(request.credit <= 4096, 'a credit of more than 4096 items');
  const { method } = request;
  if (method.case === undefined) throw protocolError('a request whose method this version does not know');
  demand(
    allowedMethods[from].has(method.case),
    `${method.case} cannot be asked by ${from === 'operator' ? 'an operator' : `the ${from}`}`,
  );
  checkLists(method.value, method.case);
  if (method.case === 'forwardTrigger' || method.case === 'withdrawTrigger') checkForward(method.value);
  if (method.case === 'apply') checkOperation(method.value);
  if (method.case === 'armShutdown') checkOrder(method.value);
  if (method.case === 'disarmShutdown') {
    parseOpId(method.value.runId);
    demand(method.value.epoch > 0, 'an order without an epoch');
  }
  if (method.case === 'reportOutcomes') for (const outcome of method.value.outcomes) checkOutcome(outcome);
  if (method.case === 'resolveOperations') {
    for (const opId of method.value.opIds) parseOpId(opId);
  }
  if (method.case === 'operate') {
    demand(method.value.verb !== 'unspecified', 'an operation whose verb this version does not know');
    checkOptions(method.value.options);
  }
}

/**
 * @param from what the other side is known to be; `undecided` before its hello was accepted
 * @throws HEC_PROTOCOL or HEC_BAD_NAME, with what was wrong
 */
export function checkFrame(body: FrameBody, from: PeerSide): void {
  demand(
    allowedBodies[from].has(body.case),
    `a ${body.case} frame cannot come from ${from === 'undecided' ? 'a stranger' : from}`,
  );
  checkSizes(body.value, body.case);
  switch (body.case) {
    case 'hello':
      checkHello(body.value);
      break;
    case 'welcome':
      checkWelcome(body.value);
      break;
    case 'request':
      checkRequest(body.value, from);
      break;
    case 'response':
      checkResponse(body.value, from);
      break;
    case 'credit':
      demand(body.value.items > 0 && body.value.items <= 4096, `a credit of ${body.value.items} items`);
  }
}
