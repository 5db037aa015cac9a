import type { FrameBody, Method, PeerSide } from '@hecate/proto/core/frames.ts';
import { jobModes } from '@hecate/proto/core/job-modes.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { makeOpId } from '@hecate/proto/core/names.ts';
import { checkFrame } from '@hecate/proto/core/validate.ts';
import {
  createForwardTrigger,
  createHello,
  createListUnits,
  createNodeSelection,
  createOperate,
  createOperation,
  createOperationOutcome,
  createReportOutcomes,
  createRequest,
  createVerbOptions,
  createWelcome,
  createWithdrawTrigger,
  type ForwardTrigger,
  type Hello,
  type Operation,
  type OperationOutcome,
  type Request,
  type Resolution,
  type VerbOptions,
  type Welcome,
  type WithdrawTrigger,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { sampleFrames } from '../support/sample-frames.ts';

const opId = makeOpId(1_800_000_000_000, new Uint8Array(10));
const bootId = '0f4b1c7e-7a51-4a2e-9d43-1f2e3d4c5b6a';

const hello = (change: Partial<Hello> = {}): FrameBody => ({
  case: 'hello',
  value: createHello({
    peerKind: 'agent',
    name: 'node-a',
    bootId,
    protocolMin: 1,
    protocolMax: 2,
    ...change,
  }),
});
const welcome = (change: Partial<Welcome> = {}): FrameBody => ({
  case: 'welcome',
  value: createWelcome({ protocol: 1, heartbeatIntervalMs: 5000, role: 'agent', sessionId: 's', ...change }),
});
const request = (method: Method, change: Partial<Request> = {}): FrameBody => ({
  case: 'request',
  value: createRequest({ id: 1, timeLimitMs: 1000, method, ...change }),
});
const whose = { ups: 'rack-a', instance: '0f4b1c7e-7a51', sequence: 1 };
const forward = (change: Partial<ForwardTrigger>): FrameBody =>
  request({ case: 'forwardTrigger', value: createForwardTrigger({ ...whose, ...change }) });
const withdrawal = (change: Partial<WithdrawTrigger>): FrameBody =>
  request({ case: 'withdrawTrigger', value: createWithdrawTrigger({ ...whose, ...change }) });
const query: Method = { case: 'query', value: { query: { case: 'nodeStatus', value: {} } } };
const operation = (change: Partial<Operation> = {}): Operation =>
  createOperation({
    opId,
    epoch: 1,
    verb: 'start',
    unit: 'a.service',
    notAfterClockMs: 1,
    timeLimitMs: 1,
    ...change,
  });
const apply = (change: Partial<Operation> = {}): FrameBody =>
  request({ case: 'apply', value: operation(change) });
const options = (change: Partial<VerbOptions>): FrameBody => apply({ options: createVerbOptions(change) });
const operate = (change: Parameters<typeof createOperate>[0]): FrameBody =>
  request({ case: 'operate', value: createOperate({ verb: 'start', units: ['a'], ...change }) });
const outcome = (change: Partial<OperationOutcome> = {}): OperationOutcome =>
  createOperationOutcome({ opId, status: 'done', ...change });
const respond = (change: Partial<OperationOutcome>): FrameBody => ({
  case: 'response',
  value: { id: 1, outcome: { case: 'operation', value: outcome(change) } },
});
const resolved = (resolution: Resolution, known: OperationOutcome | undefined): FrameBody => {
  const operations = [{ opId, resolution, outcome: known }];
  return {
    case: 'response',
    value: { id: 1, outcome: { case: 'resolvedOperations', value: { operations } } },
  };
};
const credit = (items: number): FrameBody => ({ case: 'credit', value: { id: 1, items } });
const long = (length: number): string => 'x'.repeat(length);
const many = <T>(length: number, value: T): T[] => Array.from({ length }, () => value);

/** Each rule: what is still valid at its edge, and what is not any more. */
const rules: [string, PeerSide, FrameBody[], FrameBody[]][] = [
  ['a hello says what it wants to be', 'undecided', [hello()], [hello({ peerKind: 'unspecified' })]],
  [
    'a hello has a version range',
    'undecided',
    [hello({ protocolMin: 7, protocolMax: 7 })],
    [hello({ protocolMin: 0 }), hello({ protocolMin: 3 })],
  ],
  [
    'a hello of an agent has a node name',
    'undecided',
    [hello({ name: long(63) })],
    [hello({ name: '' }), hello({ name: 'A' }), hello({ name: '../x' }), hello({ name: long(64) })],
  ],
  [
    'the name of an operator is short, and anything',
    'undecided',
    [hello({ peerKind: 'operator', name: `Ada L. ${long(249)}`, bootId: '' })],
    [hello({ peerKind: 'operator', name: long(257) })],
  ],
  [
    'a hello of an agent has a boot id',
    'undecided',
    [hello({ bootId: bootId.replaceAll('-', '') })],
    [hello({ bootId: '' }), hello({ bootId: `${bootId.slice(1)}x` })],
  ],
  [
    'a hello of an agent names the run whose order it has carried out, or none',
    'undecided',
    [hello({ carriedOutRunId: '' }), hello({ carriedOutRunId: '01HF7YAT2D0000000000000000' })],
    [hello({ carriedOutRunId: 'x' }), hello({ carriedOutRunId: `01HF7YAT2D${'/'.repeat(16)}` })],
  ],
  [
    'and the run whose order it holds, or none',
    'undecided',
    [hello({ armedRunId: '' }), hello({ armedRunId: '01HF7YAT2D0000000000000000' })],
    [hello({ armedRunId: 'x' })],
  ],
  [
    'a welcome has a heartbeat interval within limits',
    'manager',
    [
      welcome({ heartbeatIntervalMs: limits.heartbeatIntervalMsMin }),
      welcome({ heartbeatIntervalMs: limits.heartbeatIntervalMsMax }),
    ],
    [
      welcome({ heartbeatIntervalMs: 0 }),
      welcome({ heartbeatIntervalMs: limits.heartbeatIntervalMsMin - 1 }),
      welcome({ heartbeatIntervalMs: limits.heartbeatIntervalMsMax + 1 }),
    ],
  ],
  ['a welcome grants a role', 'manager', [welcome()], [welcome({ role: 'unspecified' })]],
  ['a welcome names the session', 'manager', [welcome()], [welcome({ sessionId: '' })]],
  ['a request has an id', 'manager', [request(query)], [request(query, { id: 0 })]],
  [
    'a request has a time limit of a day at most',
    'manager',
    [request(query, { timeLimitMs: 1 }), request(query, { timeLimitMs: limits.timeLimitMsMax })],
    [request(query, { timeLimitMs: 0 }), request(query, { timeLimitMs: limits.timeLimitMsMax + 1 })],
  ],
  [
    'a request allows a bounded number of items',
    'manager',
    [request(query, { credit: 4096 })],
    [request(query, { credit: 4097 })],
  ],
  [
    'a request has a method that we know',
    'manager',
    [request(query)],
    [{ case: 'request', value: createRequest({ id: 1, timeLimitMs: 1 }) }],
  ],
  ['credit is for a bounded number', 'agent', [credit(1), credit(4096)], [credit(0), credit(4097)]],
  [
    'an operation has an id',
    'manager',
    [apply()],
    [apply({ opId: '' }), apply({ opId: opId.toLowerCase() }), apply({ opId: `${opId}0` })],
  ],
  ['an operation has a verb that we know', 'manager', [apply()], [apply({ verb: 'unspecified' })]],
  ['an operation has an epoch (I6)', 'manager', [apply()], [apply({ epoch: 0 })]],
  ['an operation expires', 'manager', [apply()], [apply({ notAfterClockMs: 0 })]],
  [
    'an operation has a time limit',
    'manager',
    [apply({ timeLimitMs: limits.timeLimitMsMax })],
    [apply({ timeLimitMs: 0 }), apply({ timeLimitMs: limits.timeLimitMsMax + 1 })],
  ],
  ['an operation brings few log lines', 'manager', [apply({ logLines: 1000 })], [apply({ logLines: 1001 })]],
  [
    'a job mode is one of systemd’s',
    'manager',
    ['', ...jobModes].map((jobMode) => options({ jobMode })),
    [options({ jobMode: 'Replace' }), options({ jobMode: 'nonsense' })],
  ],
  [
    'whom a kill is for',
    'manager',
    ['', 'main', 'control', 'all'].map((killWho) => options({ killWho })),
    [options({ killWho: 'MAIN' }), options({ killWho: 'x' })],
  ],
  [
    'a signal is one',
    'manager',
    [options({ signal: 0 }), options({ signal: 64 })],
    [options({ signal: -1 }), options({ signal: 65 })],
  ],
  ['arguments are few', 'manager', [options({ argv: many(256, 'x') })], [options({ argv: many(257, 'x') })]],
  [
    'operation ids to resolve',
    'manager',
    [request({ case: 'resolveOperations', value: { epoch: 1, opIds: many(limits.listLengthMax, opId) } })],
    [
      request({
        case: 'resolveOperations',
        value: { epoch: 1, opIds: many(limits.listLengthMax + 1, opId) },
      }),
      request({ case: 'resolveOperations', value: { epoch: 1, opIds: ['x'] } }),
    ],
  ],
  [
    'what an operator asks for has a verb, and options within limits',
    'operator',
    [operate({})],
    [operate({ verb: 'unspecified' }), operate({ options: createVerbOptions({ signal: 65 }) })],
  ],
  [
    'every list of a request is bounded',
    'operator',
    [operate({ units: many(limits.listLengthMax, 'a') })],
    [
      operate({ units: many(limits.listLengthMax + 1, 'a') }),
      operate({ nodes: createNodeSelection({ patterns: many(limits.listLengthMax + 1, 'a') }) }),
      request({
        case: 'listUnits',
        value: createListUnits({ patterns: many(limits.listLengthMax + 1, '*') }),
      }),
    ],
  ],
  [
    'an outcome says whose it is, and which',
    'agent',
    [respond({})],
    [respond({ opId: 'x' }), respond({ status: 'unspecified' })],
  ],
  [
    'outcomes that are reported say whose they are, and which',
    'agent',
    [request({ case: 'reportOutcomes', value: createReportOutcomes({ outcomes: [outcome()] }) })],
    [
      request({ case: 'reportOutcomes', value: { outcomes: [outcome({ opId: '' })] } }),
      request({ case: 'reportOutcomes', value: { outcomes: [outcome({ status: 'unspecified' })] } }),
    ],
  ],
  [
    'a forward says of which UPS it is, and which of its sender',
    'peer',
    [forward({}), withdrawal({})],
    [
      forward({ ups: '' }),
      forward({ ups: 'x'.repeat(65) }),
      forward({ instance: '' }),
      forward({ instance: 'a b c d e f' }),
      forward({ sequence: 0 }),
      withdrawal({ sequence: 0 }),
    ],
  ],
  [
    'what became of an operation',
    'agent',
    [resolved('finished', outcome()), resolved('running', undefined), resolved('never-applied', outcome())],
    [
      resolved('unspecified', undefined),
      resolved('finished', undefined),
      resolved('finished', outcome({ status: 'unspecified' })),
    ],
  ],
  [
    'a response has an outcome that we know',
    'agent',
    [{ case: 'response', value: { id: 1, outcome: { case: 'done', value: {} } } }],
    [{ case: 'response', value: { id: 1, outcome: { case: undefined } } }],
  ],
  [
    'ordinary texts are short',
    'manager',
    [apply({ requestedBy: long(limits.textLengthMax) })],
    [
      apply({ requestedBy: long(limits.textLengthMax + 1) }),
      options({ workingDirectory: long(limits.textLengthMax + 1) }),
    ],
  ],
  [
    'an argument of a command may be long',
    'manager',
    [options({ argv: [long(limits.longTextLengthMax)] })],
    [options({ argv: [long(limits.longTextLengthMax + 1)] })],
  ],
  [
    'messages for people may be long',
    'agent',
    [respond({ message: long(limits.longTextLengthMax) })],
    [respond({ message: long(limits.longTextLengthMax + 1) })],
  ],
];

for (const [name, from, valid, invalid] of rules) {
  t.test(name, async (t) => {
    for (const body of valid) t.doesNotThrow(() => checkFrame(body, from));
    for (const body of invalid) {
      const codes = /^HEC_(PROTOCOL|BAD_NAME|USAGE)$/;
      t.throws(() => checkFrame(body, from), { name: 'HecateError', code: codes });
    }
  });
}

const sides: PeerSide[] = ['agent', 'operator', 'peer', 'joiner', 'manager', 'undecided'];

/** Who may send what; everything else is refused. */
const bodies: Record<FrameBody['case'], PeerSide[]> = {
  hello: ['undecided'],
  welcome: ['manager'],
  goodbye: sides,
  heartbeat: ['agent', 'operator', 'peer', 'joiner', 'manager'],
  request: ['agent', 'operator', 'peer', 'joiner', 'manager'],
  response: ['agent', 'manager'],
  streamItem: ['agent', 'manager'],
  credit: ['agent', 'operator', 'manager'],
  cancel: ['agent', 'operator', 'peer', 'joiner', 'manager'],
  notice: ['agent'],
};

const isWrongSide = /cannot (come from|be asked by)/;

function isAllowed(body: FrameBody, from: PeerSide): boolean {
  try {
    checkFrame(body, from);
    return true;
  } catch (error) {
    return !isWrongSide.test(String(error));
  }
}

t.test('every frame comes only from the sides that may send it', async (t) => {
  const seen = new Set<string>();
  for (const [name, body] of sampleFrames()) {
    if (body.case === 'request' || seen.has(body.case)) continue;
    seen.add(body.case);
    t.same(
      sides.filter((side) => isAllowed(body, side)),
      sides.filter((s) => bodies[body.case].includes(s)),
      name,
    );
  }
  t.equal(seen.size, Object.keys(bodies).length - 1);
});

t.test('every method can be asked by one side, certificates are renewed by three', async (t) => {
  const askers = new Map<string, PeerSide[]>();
  for (const [name, body] of sampleFrames()) {
    if (body.case !== 'request') continue;
    const inLimits = request(body.value.method as Method);
    askers.set(
      name,
      sides.filter((side) => isAllowed(inLimits, side)),
    );
  }
  t.same(askers.get('request.apply'), ['manager']);
  t.same(askers.get('request.join'), ['joiner']);
  t.same(askers.get('request.renewCertificate'), ['agent', 'operator', 'peer']);
  t.same(askers.get('request.forwardTrigger'), ['peer']);
  t.same(askers.get('request.operate'), ['operator']);
  for (const [name, by] of askers) {
    if (name !== 'request.renewCertificate') t.equal(by.length, 1, `${name}: ${by.join(', ')}`);
  }
});
