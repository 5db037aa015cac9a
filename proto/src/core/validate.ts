/**
 * The semantic check at the trust boundary: what decodes is not yet valid (one mutated frame in five decodes).
 * First every text and list against its limit, then which frames this side may send at all, then the fields
 * that decide something.
 */
import type { Hello, Operation, Request, VerbOptions, Welcome } from '../generated/wire.ts';
import { HecateError } from './errors.ts';
import type { FrameBody, Method, PeerSide } from './frames.ts';
import { limits } from './limits.ts';
import { parseNodeName, parseOpId } from './names.ts';

const longTexts = new Set(['message', 'text', 'data', 'bytes', 'logLines', 'token', 'remedy']);

function protocolError(why: string): HecateError {
  return new HecateError('HEC_PROTOCOL', why);
}

function require(condition: boolean, why: string): void {
  if (!condition) throw protocolError(why);
}

/** Walks a decoded frame; the decoder has bounded its depth. */
function checkSizes(value: unknown, field: string): void {
  if (typeof value === 'string') {
    const max = longTexts.has(field) ? limits.longTextLengthMax : limits.textLengthMax;
    require(value.length <= max, `${field} has ${value.length} characters, allowed are ${max}`);
  } else if (Array.isArray(value)) {
    for (const item of value) checkSizes(item, field);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [key, inner] of Object.entries(value)) checkSizes(inner, key === 'value' ? field : key);
  }
}

const allowedMethods: Record<PeerSide, ReadonlySet<Method['case']>> = {
  manager: new Set(['apply', 'resolveOperations', 'query', 'setAgentLogLevel']),
  agent: new Set(['reportOutcomes', 'renewCertificate']),
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
    'renewCertificate',
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
  joiner: new Set(['goodbye', 'heartbeat', 'request', 'cancel']),
};

function checkHello(hello: Hello): void {
  require(hello.peerKind !== 'unspecified', 'a hello that does not say what it wants to be');
  require(hello.protocolMin >= 1 &&
    hello.protocolMin <= hello.protocolMax, 'a hello with an empty version range');
  require(hello.name.length <= 256, 'a hello with too long a name');
  if (hello.peerKind === 'agent') {
    parseNodeName(hello.name);
    require(/^[0-9a-fA-F-]{32,36}$/.test(hello.bootId), 'a hello of an agent without a boot id');
  }
}

function checkWelcome(welcome: Welcome): void {
  const { heartbeatIntervalMsMin: min, heartbeatIntervalMsMax: max } = limits;
  const interval = welcome.heartbeatIntervalMs;
  require(interval >= min &&
    interval <= max, `a heartbeat interval of ${interval} ms, allowed are ${min} to ${max}`);
  require(welcome.role !== 'unspecified', 'a welcome that grants no role');
  require(welcome.sessionId !== '', 'a welcome without a session id');
}

function checkOptions(options: VerbOptions | undefined): void {
  if (!options) return;
  require(['', 'main', 'control', 'all'].includes(options.killWho), `kill whom: ${options.killWho}`);
  require(options.signal >= 0 && options.signal <= 64, `signal ${options.signal}`);
  require(options.argv.length <= 256, 'more than 256 arguments');
}

function checkOperation(operation: Operation): void {
  parseOpId(operation.opId);
  require(operation.verb !== 'unspecified', 'an operation whose verb this version does not know');
  require(operation.epoch > 0, 'an operation without an epoch');
  require(operation.notAfterClockMs > 0, 'an operation that never expires');
  require(operation.timeLimitMs > 0 &&
    operation.timeLimitMs <= limits.timeLimitMsMax, 'an operation without a time limit');
  require(operation.logLines <= 1000, 'more than 1000 log lines');
  checkOptions(operation.options);
}

function checkRequest(request: Request, from: PeerSide): void {
  require(request.id > 0, 'a request without an id');
  require(request.timeLimitMs > 0 &&
    request.timeLimitMs <= limits.timeLimitMsMax, 'a request without a time limit');
  require(request.credit <= 4096, 'a credit of more than 4096 items');
  const { method } = request;
  if (method.case === undefined) throw protocolError('a request whose method this version does not know');
  require(allowedMethods[from].has(
    method.case,
  ), `${method.case} cannot be asked by ${from === 'operator' ? 'an operator' : `the ${from}`}`);
  if (method.case === 'apply') checkOperation(method.value);
  if (method.case === 'resolveOperations') {
    require(method.value.opIds.length <= limits.listLengthMax, 'too many operation ids');
    for (const opId of method.value.opIds) parseOpId(opId);
  }
  if (method.case === 'operate') {
    require(method.value.verb !== 'unspecified', 'an operation whose verb this version does not know');
    require(method.value.units.length <= limits.listLengthMax, 'too many units');
    checkOptions(method.value.options);
  }
}

/**
 * @param from what the other side is known to be; `undecided` before its hello was accepted
 * @throws HEC_PROTOCOL or HEC_BAD_NAME, with what was wrong
 */
export function checkFrame(body: FrameBody, from: PeerSide): void {
  require(allowedBodies[from].has(
    body.case,
  ), `a ${body.case} frame cannot come from ${from === 'undecided' ? 'a stranger' : from}`);
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
      require(body.value.outcome.case !== undefined, 'a response whose outcome this version does not know');
      break;
    case 'credit':
      require(body.value.items > 0 && body.value.items <= 4096, `a credit of ${body.value.items} items`);
  }
}
