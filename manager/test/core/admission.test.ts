import { epochLeadMax, protocolMax, protocolMin } from '@hecate/proto/core/limits.ts';
import { type Hello, PeerKindValues } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { type Admission, admit, type Credential, grantedRole } from '../../src/core/admission.ts';
import { helloOf } from '../support/fleet-fixtures.ts';

const allowedNodes = new Set(['node-a', 'node-b']);
const epoch = 5;

const judge = (credential: Credential, hello: Partial<Hello> = {}): Admission =>
  admit({ credential, hello: helloOf('node-a', hello), allowedNodes, epoch });

const credentials: Record<string, Credential> = {
  local: { kind: 'local', role: 'operator' },
  node: { kind: 'node', name: 'node-a' },
  operator: { kind: 'operator', name: 'alice', role: 'viewer' },
  peer: { kind: 'peer', name: 'node-a' },
  stranger: { kind: 'stranger', reason: 'expired', detail: 'its certificate has expired' },
  'plain-loopback': { kind: 'plain-loopback' },
};

/** Who comes with which proof, and wants to be what: the short form of the verdict. */
const table: Record<string, Record<string, string>> = {
  agent: {
    local: 'refused HEC_TLS not-a-node',
    node: 'agent',
    operator: 'refused HEC_TLS not-a-node',
    peer: 'refused HEC_TLS not-a-node',
    stranger: 'refused HEC_TLS expired',
    'plain-loopback': 'agent',
  },
  operator: {
    local: 'operator',
    node: 'refused HEC_TLS not-an-operator',
    operator: 'operator',
    peer: 'refused HEC_TLS not-an-operator',
    stranger: 'refused HEC_TLS expired',
    'plain-loopback': 'refused HEC_TLS not-an-operator',
  },
  peer: {
    local: 'refused HEC_TLS not-a-peer',
    node: 'refused HEC_TLS not-a-peer',
    operator: 'refused HEC_TLS not-a-peer',
    peer: 'peer',
    stranger: 'refused HEC_TLS expired',
    'plain-loopback': 'refused HEC_TLS not-a-peer',
  },
  joiner: {
    local: 'refused HEC_PROTOCOL joiner',
    node: 'refused HEC_PROTOCOL joiner',
    operator: 'refused HEC_PROTOCOL joiner',
    peer: 'refused HEC_PROTOCOL joiner',
    stranger: 'joiner',
    'plain-loopback': 'refused HEC_PROTOCOL joiner',
  },
  unspecified: {
    local: 'refused HEC_PROTOCOL kind',
    node: 'refused HEC_PROTOCOL kind',
    operator: 'refused HEC_PROTOCOL kind',
    peer: 'refused HEC_PROTOCOL kind',
    stranger: 'refused HEC_PROTOCOL kind',
    'plain-loopback': 'refused HEC_PROTOCOL kind',
  },
};

const short = (admission: Admission): string =>
  admission.type === 'refused' ? `refused ${admission.code} ${admission.reason}` : admission.type;

t.test('every proof with every wish', async (t) => {
  t.same(Object.keys(table).sort(), [...PeerKindValues].sort(), 'a new kind needs a row');
  for (const peerKind of PeerKindValues)
    for (const [kind, credential] of Object.entries(credentials))
      t.equal(short(judge(credential, { peerKind })), table[peerKind]?.[kind], `${kind} as ${peerKind}`);
});

t.test('who it is taken for', async (t) => {
  const { local, node, operator } = credentials as Record<string, Credential> & Record<string, never>;
  if (!local || !node || !operator) throw new Error('no credentials');
  t.same(judge(node), { type: 'agent', node: 'node-a' });
  t.same(
    judge(operator, { peerKind: 'operator', name: 'root' }),
    { type: 'operator', who: 'alice', role: 'viewer' },
    'the certificate names an operator, not the hello',
  );
  t.same(
    judge(local, { peerKind: 'operator', name: 'bob (uid 1000)' }),
    { type: 'operator', who: 'local:bob (uid 1000)', role: 'operator' },
    'a claim is marked as one',
  );
  t.match(judge(local, { peerKind: 'operator', name: '' }), { who: 'local:?' });
});

t.test('names', async (t) => {
  const other = judge({ kind: 'node', name: 'node-b' });
  t.match(other, { type: 'refused', code: 'HEC_TLS', reason: 'other-name' });
  t.match(other, {
    message: 'the certificate is for node-b, the hello says node-a',
    remedy: /NodeName=node-b/,
  });
  const strange = judge({ kind: 'node', name: 'node-z' }, { name: 'node-z' });
  t.match(strange, {
    type: 'refused',
    code: 'HEC_NO_SUCH_NODE',
    reason: 'not-allowed',
    remedy: /node enroll node-z/,
  });
  t.match(judge({ kind: 'plain-loopback' }, { name: 'node-z' }), { code: 'HEC_NO_SUCH_NODE' });
});

t.test('another manager is who its certificate says', async (t) => {
  const peer = { kind: 'peer', name: 'tethys' } as const;
  t.same(judge(peer, { peerKind: 'peer', name: 'tethys' }), { type: 'peer', peer: 'tethys' });
  t.match(judge(peer, { peerKind: 'peer', name: 'atlas' }), { code: 'HEC_TLS', reason: 'other-name' });
});

t.test('protocol versions', async (t) => {
  const speaks = (min: number, max: number) =>
    short(judge({ kind: 'node', name: 'node-a' }, { protocolMin: min, protocolMax: max }));
  t.equal(speaks(protocolMin, protocolMax), 'agent');
  t.equal(speaks(1, 99), 'agent', 'a newer one that still speaks ours');
  t.equal(speaks(protocolMax + 1, protocolMax + 2), 'refused HEC_VERSION version');
  t.equal(speaks(0, protocolMin - 1), 'refused HEC_VERSION version');
  const refused = judge({ kind: 'node', name: 'node-a' }, { protocolMin: 7, protocolMax: 9 });
  t.match(refused, { message: /it speaks protocol 7 to 9, this manager 1 to 1/, remedy: /update/ });
});

t.test('I6: epochs', async (t) => {
  const seen = (highestEpoch: number) => judge({ kind: 'node', name: 'node-a' }, { highestEpoch });
  t.equal(short(seen(0)), 'agent');
  t.equal(short(seen(epoch)), 'agent');
  t.match(seen(epoch + 1), {
    code: 'HEC_EPOCH',
    reason: 'epoch',
    message: /has seen epoch 6, this manager has 5/,
  });
  t.equal(short(seen(epoch + epochLeadMax)), 'refused HEC_EPOCH epoch');
  t.equal(
    short(seen(epoch + epochLeadMax + 1)),
    'refused HEC_PROTOCOL epoch-lead',
    'nobody starts that often',
  );
  t.equal(
    short(judge({ kind: 'node', name: 'node-b' }, { highestEpoch: 99 })),
    'refused HEC_TLS other-name',
    'who it is comes first: only a node that belongs here has a say',
  );
  t.equal(
    short(
      judge({ kind: 'operator', name: 'alice', role: 'admin' }, { peerKind: 'operator', highestEpoch: 99 }),
    ),
    'operator',
  );
});

t.test('the role of the welcome', async (t) => {
  t.equal(grantedRole({ type: 'joiner' }), 'joiner');
  t.equal(grantedRole({ type: 'peer', peer: 'tethys' }), 'peer');
  const agent = judge({ kind: 'node', name: 'node-a' });
  if (agent.type !== 'refused') t.equal(grantedRole(agent), 'agent');
  for (const role of ['viewer', 'operator', 'admin'] as const)
    t.equal(grantedRole({ type: 'operator', who: 'alice', role }), role);
});

t.test('every refusal says why; what to do, unless the other side is broken', async (t) => {
  for (const peerKind of PeerKindValues)
    for (const credential of Object.values(credentials)) {
      const admission = judge(credential, { peerKind });
      if (admission.type !== 'refused') continue;
      t.not(admission.message, '');
      if (admission.code !== 'HEC_PROTOCOL') t.not(admission.remedy, '', admission.message);
    }
});
