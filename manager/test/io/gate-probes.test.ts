import { type AddressInfo, createServer } from 'node:net';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { createExecResult, createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { freePort } from '../../../test/site/manager-process.ts';
import type { FleetState } from '../../src/core/fleet.ts';
import type { Leaf } from '../../src/core/plan/gate.ts';
import { leafKey } from '../../src/core/plan/gate-verdict.ts';
import { type GateProbePorts, GateProbes } from '../../src/io/gate-probes.ts';
import {
  busState,
  connected,
  notice,
  playFleet,
  snapshot,
  threeNodes,
  unit,
} from '../support/fleet-fixtures.ts';

const a = parseNodeName('node-a');
const b = parseNodeName('node-b');
const timeLimitMs = 10_000;

/** node-a is online, node-b is offline. */
const fleet = playFleet(
  threeNodes(),
  notice('node-a', snapshot([unit('x.service', 'active', { subState: 'exited' })])),
).state;

const probes = (state: FleetState, ports: Partial<GateProbePorts> = {}) =>
  new GateProbes({
    nodeOf: (node) => state.nodes.get(node),
    lastHostOf: () => undefined,
    unitIdOf: async (_, unit) => unit,
    execute: async () => createOperationOutcome(),
    ...ports,
  });

async function look(leaf: Leaf, state = fleet, ports: Partial<GateProbePorts> = {}) {
  const seen = await probes(state, ports).observe([leaf], timeLimitMs);
  return seen[leafKey(leaf)];
}

const ofUnit = (node: typeof a, name: string, ...states: string[]): Leaf => ({
  type: 'unit',
  node,
  unit: name,
  states,
});
const ofNode = (
  node: typeof a,
  state: 'online' | 'offline' | 'powered-off',
  address?: string,
  probePort = 22,
): Leaf => ({ type: 'node', node, state, address, probePort });

t.test('units, as the fleet knows them', async (t) => {
  t.match(await look(ofUnit(a, 'x.service', 'active')), {
    verdict: 'holds',
    detail: 'node-a: x.service is active (exited)',
  });
  t.match(await look(ofUnit(a, 'x.service', 'exited')), { verdict: 'holds' }, 'a sub-state, too');
  t.match(await look(ofUnit(a, 'x.service', 'inactive', 'failed')), { verdict: 'fails' });
  t.match(await look(ofUnit(a, 'gone.service', 'inactive')), { verdict: 'holds' }, 'not loaded is inactive');
  t.match(await look(ofUnit(b, 'x.service', 'inactive')), { verdict: 'unknown', detail: /offline/ }, 'I12');
  t.match(await look(ofUnit(parseNodeName('stranger'), 'x.service', 'active')), { verdict: 'unknown' });
  const arriving = playFleet(fleet, connected('node-a', 'another')).state;
  t.match(await look(ofUnit(a, 'x.service', 'inactive'), arriving), {
    verdict: 'unknown',
    detail: /not all known/,
  });
  const cut = playFleet(fleet, notice('node-a', busState(false))).state;
  t.match(
    await look(ofUnit(a, 'x.service', 'active'), cut),
    { verdict: 'unknown' },
    'the agent lost its bus',
  );
});

t.test('a unit that goes by another name is looked at under its own', async (t) => {
  const aliased = { unitIdOf: async () => 'x.service' };
  t.match(await look(ofUnit(a, 'alias.service', 'inactive'), fleet, aliased), {
    verdict: 'fails',
    detail: 'node-a: alias.service is active (exited)',
  });
  t.match(await look(ofUnit(a, 'alias.service', 'active'), fleet, aliased), { verdict: 'holds' });
  const notSaid = { unitIdOf: () => Promise.reject(new Error('the agent has no bus')) };
  t.match(
    await look(ofUnit(a, 'alias.service', 'inactive'), fleet, notSaid),
    { verdict: 'unknown', detail: /no bus/ },
    'I12',
  );
  const cut = playFleet(fleet, notice('node-a', busState(false))).state;
  let isCut = false;
  const cutMeanwhile = {
    nodeOf: (node: string) => (isCut ? cut : fleet).nodes.get(node),
    unitIdOf: async (_: unknown, unit: string) => {
      isCut = true;
      return unit;
    },
  };
  t.match(await look(ofUnit(a, 'alias.service', 'inactive'), fleet, cutMeanwhile), { verdict: 'unknown' });
});

t.test('nodes: powered off is gone from the mesh and from the network', async (t) => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.match(await look(ofNode(a, 'online')), { verdict: 'holds' });
  t.match(await look(ofNode(a, 'offline')), { verdict: 'fails' });
  t.match(await look(ofNode(a, 'powered-off', '192.0.2.1')), {
    verdict: 'fails',
    detail: 'node-a is online',
  });
  t.match(await look(ofNode(b, 'online')), { verdict: 'fails' });
  t.match(await look(ofNode(b, 'offline')), { verdict: 'holds' });
  t.match(await look(ofNode(b, 'powered-off')), { verdict: 'unknown', detail: /no address/ }, 'I12');
  const answers = ofNode(b, 'powered-off', '127.0.0.1', port);
  t.match(await look(answers), { verdict: 'fails', detail: /answers: the host is up/ });
  const refuses = ofNode(b, 'powered-off', '127.0.0.1', await freePort());
  t.match(await look(refuses), { verdict: 'fails', detail: /refuses: the host is up/ });
  const named = ofNode(b, 'powered-off', 'no-such-host.invalid');
  t.match(await look(named), { verdict: 'unknown' }, 'a name that does not resolve says nothing');
  const last = ofNode(b, 'powered-off', undefined, port);
  t.match(
    await look(last, fleet, { lastHostOf: () => '127.0.0.1' }),
    { verdict: 'fails' },
    'where it was last',
  );
});

t.test('whether a look could tell that a host is off, while it is up', async (t) => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const leaf = (node: typeof a, address?: string, probePort = port) =>
    ({ type: 'node', node, state: 'powered-off', address, probePort }) as const;
  t.equal(await probes(fleet).whyBlind(leaf(a, '127.0.0.1'), timeLimitMs), undefined);
  t.equal(await probes(fleet).whyBlind(leaf(a, '127.0.0.1', await freePort()), timeLimitMs), undefined);
  t.match(await probes(fleet).whyBlind(leaf(a), timeLimitMs), /no address of it is known/);
  t.match(await probes(fleet).whyBlind(leaf(a, 'no-such-host.invalid'), timeLimitMs), /cannot be looked at/);
  t.equal(await probes(fleet).whyBlind(leaf(b), timeLimitMs), undefined, 'of one that is offline nothing');
});

t.test('ports and pages', async (t) => {
  const port = await freePort();
  t.match(await look({ type: 'tcp', host: '127.0.0.1', port }), { verdict: 'fails', detail: /refuses/ });
  t.match(await look({ type: 'tcp', host: 'no-such-host.invalid', port }), { verdict: 'unknown' });
  const page = { type: 'http', status: 200, bodyContains: 'ok', isCertificateIgnored: false } as const;
  t.match(await look({ ...page, url: `http://127.0.0.1:${port}/` }), {
    verdict: 'fails',
    detail: /ECONNREFUSED/,
  });
});

t.test('commands', async (t) => {
  const leaf: Leaf = { type: 'exec', node: a, argv: ['/bin/check', '-x'], exitStatus: 0 };
  const asked: unknown[] = [];
  const ending = (exitStatus: number): Partial<GateProbePorts> => ({
    execute: async (node, argv) => {
      asked.push([node, argv]);
      return createOperationOutcome({
        status: exitStatus === 0 ? 'done' : 'failed',
        execResult: createExecResult({ exitStatus, exitCode: 'exited' }),
      });
    },
  });
  t.match(await look(leaf, fleet, ending(0)), { verdict: 'holds' });
  t.match(await look(leaf, fleet, ending(3)), {
    verdict: 'fails',
    detail: 'node-a: /bin/check ended with 3',
  });
  t.same(asked[0], [a, ['/bin/check', '-x']]);
  const refused = createOperationOutcome({
    status: 'refused',
    code: 'HEC_POLICY',
    message: 'the policy says no',
  });
  t.match(await look(leaf, fleet, { execute: async () => refused }), {
    verdict: 'unknown',
    detail: /says no/,
  });
  const thrown = { execute: () => Promise.reject(new Error('gone')) };
  t.match(await look(leaf, fleet, thrown), { verdict: 'unknown', detail: 'gone' });
});

t.test('what is not seen in time is unknown, and 64 are looked at once', async (t) => {
  let running = 0;
  let most = 0;
  const never = new Promise<never>(() => undefined);
  const execute = async () => {
    running += 1;
    most = Math.max(most, running);
    return never;
  };
  const leaves = Array.from({ length: 100 }, (_, index): Leaf => {
    return { type: 'exec', node: a, argv: [String(index)], exitStatus: 0 };
  });
  const seen = await probes(fleet, { execute }).observe(leaves, 300);
  t.equal(Object.keys(seen).length, 100);
  t.ok(Object.values(seen).every(({ verdict }) => verdict === 'unknown'));
  t.equal(most, 64);
});

t.test('whose turn comes too late is not looked at', async (t) => {
  let count = 0;
  const execute = async () => {
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return createOperationOutcome({ status: 'done', execResult: createExecResult({ exitStatus: 0 }) });
  };
  const leaves = Array.from({ length: 65 }, (_, index): Leaf => {
    return { type: 'exec', node: a, argv: [String(index)], exitStatus: 0 };
  });
  const looking = probes(fleet, { execute });
  const seen = await looking.observe(leaves, 50);
  t.ok(Object.values(seen).every(({ verdict }) => verdict === 'unknown'));
  const next = await looking.observe(leaves.slice(0, 1), timeLimitMs);
  t.match(Object.values(next), [{ verdict: 'holds' }]);
  t.equal(count, 65, 'the 65th of the first look was left out');
});
