/** The session between two managers, with real certificates: what it may ask, and how it ends and comes back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJoinToken } from '@hecate/proto/core/join-token.ts';
import {
  createEnroll,
  createForwardTrigger,
  createInitAuthority,
  createListNodes,
  createMeasure,
  createRevoke,
  createWithdrawTrigger,
} from '@hecate/proto/generated/wire.ts';
import { joinSite } from '@hecate/proto/io/join-site.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { freePort } from '../../../test/site/manager-process.ts';
import { PeerLink } from '../../src/io/peer-link.ts';
import { failureOf, type ManagerBench, managerBench } from '../support/manager-bench.ts';
import { ended, execute, listRuns, stateOf } from '../support/runs-bench.ts';

t.setTimeout(120_000);

const inventory = [{ name: 'node-a', units: ['x.service'], address: '127.0.0.1' }];
const steps = [{ wait: '600s' }, { stop: { nodes: ['node-a'] }, timeout: '30s' }];
const shutdown = { stages: [{ name: 'only', steps }] };

async function receiverOf(t: Test, trust: Record<string, unknown> = {}) {
  const port = await freePort();
  const config = {
    listen: [`127.0.0.1:${port}`],
    inventory,
    sequences: { shutdown },
    power: { mode: 'cluster-only' },
    trust,
  };
  const bench = await managerBench(t, config);
  const admin = await bench.operator('admin');
  await admin.get('authority', { case: 'initAuthority', value: createInitAuthority() });
  return { bench, admin, port, config };
}

async function identityOf(
  t: Test,
  { admin, port }: Awaited<ReturnType<typeof receiverOf>>,
  kind: 'peer' | 'operator' = 'peer',
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-peer-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const role = kind === 'peer' ? 'unspecified' : 'viewer';
  const value = createEnroll({ kind, name: 'tethys', role });
  const { token } = await admin.get('joinToken', { case: 'enroll', value });
  const addresses = [{ host: '127.0.0.1', port }];
  await joinSite({ token: parseJoinToken(token), directory: folder, softwareVersion: '0.1.0', addresses });
  return folder;
}

function linkTo(t: Test, port: number, identityDirectory: string) {
  const told: string[] = [];
  const log = (_what: unknown, message: string): void => void told.push(message);
  const link = new PeerLink({
    clock: systemClock,
    logger: { info: log, warn: log } as never,
    softwareVersion: '0.1.0',
    addresses: [{ host: '127.0.0.1', port }],
    identityDirectory,
    onOpen: () => told.push('open'),
    onClosed: () => told.push('closed'),
  });
  t.teardown(() => link.close());
  link.start();
  return { link, told };
}

const forward = (sequence: number) =>
  ({
    case: 'forwardTrigger',
    value: createForwardTrigger({
      ...{ ups: 'rack-a', instance: 'instance-of-a-test', sequence, triggerId: 'ups:rack-a:1' },
      ...{ cause: 'runtime', sentence: 'no power', timeLimitMs: createMeasure({ value: 600_000 }) },
    }),
  }) as const;

const untilOpen = (link: PeerLink) => until(() => link.isOpen, { what: 'the session is open' });
const kept = (bench: ManagerBench) => readFileSync(join(bench.folder, 'state/forwards.json'), 'utf8');

/** Resolves when the other side says that nothing of the forward is left. */
async function takeBack(link: PeerLink): Promise<void> {
  const { ups, instance, sequence } = forward(1).value;
  const withdrawal = createWithdrawTrigger({ ups, instance, sequence, sentence: 'mains is back' });
  await until(
    async () => {
      const answer = await link.call({ case: 'withdrawTrigger', value: withdrawal }, 5000);
      return answer.case === 'forwardProgress' && answer.value.standing === 'withdrawn';
    },
    { what: 'it is withdrawn' },
  );
}

t.test('a forward is durable when it is answered, and begins one run, also over a restart', async (t) => {
  const receiver = await receiverOf(t);
  const { bench, admin, port } = receiver;
  const { link } = linkTo(t, port, await identityOf(t, receiver));
  await untilOpen(link);
  t.equal(link.site, 'bench');
  const first = await link.call(forward(1), 5000);
  t.match(first, { case: 'forwardProgress', value: { newestSequence: 1 } });
  t.match(kept(bench), /"sequence": 1/);
  await until(async () => (await listRuns(admin)).length === 1, { what: 'its run has begun' });
  await link.call(forward(1), 5000);
  await bench.stop();
  await until(() => !link.isOpen, { what: 'the session has ended' });
  t.match(await failureOf(link.call(forward(1), 5000)), { code: 'HEC_CONNECTION' });
  await bench.start();
  await untilOpen(link);
  const again = await link.call(forward(1), 5000);
  t.match(again, { value: { standing: 'running', stage: 'only' } });
  t.equal((await listRuns(await bench.operator('viewer'))).length, 1);
});

t.test('it may do nothing else, and revoked it may do nothing, nor does what it has asked for', async (t) => {
  const receiver = await receiverOf(t);
  const { admin, bench, port } = receiver;
  const { link, told } = linkTo(t, port, await identityOf(t, receiver));
  await untilOpen(link);
  const refused = await failureOf(link.call({ case: 'listNodes', value: createListNodes() }, 5000));
  t.match(refused.message, /listNodes cannot be asked by the peer/);
  await until(() => told.filter((line) => line === 'open').length === 2, { what: 'another session' });
  await untilOpen(link);
  await link.call(forward(1), 5000);
  await until(async () => (await listRuns(admin)).length === 1, { what: 'its run has begun' });
  await admin.get('done', { case: 'revoke', value: createRevoke({ kind: 'peer', name: 'tethys' }) });
  t.match(kept(bench), /"phase": "withdraw(ing|n)"/, 'durable when it is answered');
  t.match(kept(bench), /"withdrawal": "peer tethys was revoked"/);
  await until(() => /revoked/.test(link.trouble), { what: 'it is told that it was revoked' });
  const isRunning = async () =>
    (await listRuns(admin)).some(({ kind, state }) => kind === 'shutdown' && state === 'running');
  await until(async () => !(await isRunning()), { what: 'its run is aborted' });
});

t.test('what a person shuts down, no withdrawal brings back', async (t) => {
  const receiver = await receiverOf(t);
  const { admin, port } = receiver;
  const { run } = await execute(admin, 'shutdown', { mode: 'cluster-only' });
  const { link } = linkTo(t, port, await identityOf(t, receiver));
  await untilOpen(link);
  await link.call(forward(1), 5000);
  const runId = run?.summary?.runId;
  await until(
    async () => {
      const answer = await link.call(forward(1), 5000);
      return answer.case === 'forwardProgress' && answer.value.runId === runId;
    },
    { what: 'it joins that run' },
  );
  await takeBack(link);
  t.match(await listRuns(admin), [{ runId, state: 'running' }]);
});

t.test('what a person had shut down before, no withdrawal starts', async (t) => {
  const receiver = await receiverOf(t);
  const { admin, bench, port, config } = receiver;
  // It is taken back at the end of a step.
  const ofSteps = (count: number) => ({
    ...config,
    sequences: {
      shutdown: { stages: [{ name: 'only', steps: Array.from({ length: count }, () => ({ wait: '1s' })) }] },
    },
  });
  await bench.reconfigure(ofSteps(1));
  const { run } = await execute(admin, 'shutdown', { mode: 'cluster-only' });
  t.equal(stateOf(await ended(admin, run?.summary?.runId ?? '')), 'done');
  await bench.reconfigure(ofSteps(60));
  const { link } = linkTo(t, port, await identityOf(t, receiver));
  await untilOpen(link);
  await link.call(forward(1), 5000);
  await until(async () => (await listRuns(admin)).length === 2, { what: 'its run has begun' });
  await takeBack(link);
  await until(() => !kept(bench).includes('"takenBack"'), { what: 'what it had taken down was seen to' });
  t.same(
    (await listRuns(admin)).map(({ kind }) => kind),
    ['shutdown', 'shutdown'],
    'nothing is started',
  );
});

t.test('how the power is at one site keeps the other one down', async (t) => {
  const receiver = await receiverOf(t);
  const { admin, bench } = receiver;
  const startup = async () => (await admin.get('power', { case: 'getPower', value: {} })).startup;
  const folder = await identityOf(t, receiver);
  t.match(await startup(), { state: 'waiting', sentence: /^tethys has not said yet.*of 2 min/ });
  const { link } = linkTo(t, receiver.port, folder);
  await untilOpen(link);
  const tell = (hindrance: string) => link.call({ case: 'tellStanding', value: { hindrance } }, 5000);
  t.match(await tell('rack-a is on battery'), { value: { hindrance: '', site: 'bench' } });
  t.match(await startup(), { state: 'waiting', sentence: 'tethys: rack-a is on battery' });
  await tell('');
  t.match(await startup(), { state: 'ready' });
  link.close();
  await until(async () => (await startup())?.state === 'waiting', { what: 'its word ends with its session' });
  await bench.reconfigure({ ...receiver.config, power: { mode: 'cluster-only', peer_wait: '0s' } });
  t.match(await startup(), { state: 'ready' }, 'one that says nothing is not waited for for ever');
});

t.test('an identity of another kind opens no session', async (t) => {
  const receiver = await receiverOf(t);
  const { link } = linkTo(t, receiver.port, await identityOf(t, receiver, 'operator'));
  await until(() => /holds the identity of the operator tethys, expected one of a peer/.test(link.trouble), {
    what: 'it is told',
  });
});

t.test('its certificate is renewed in time, and the next session has it', async (t) => {
  const receiver = await receiverOf(t, { certificate_lifetime: '8s' });
  const folder = await identityOf(t, receiver);
  const certificate = () => readFileSync(join(folder, 'current/certificate.pem'), 'utf8');
  const before = certificate();
  const { link, told } = linkTo(t, receiver.port, folder);
  await until(() => certificate() !== before, { what: 'there is another certificate', timeoutMs: 60_000 });
  await until(() => told.filter((line) => line === 'open').length > 1, { what: 'another session' });
  await untilOpen(link);
  t.match(await link.call(forward(1), 5000), { case: 'forwardProgress' });
});

t.test('without an identity it says so, and calls are refused at once', async (t) => {
  const { link } = linkTo(t, 1, '/nowhere');
  await until(() => /nowhere/.test(link.trouble), { what: 'it is told' });
  t.match(await failureOf(link.call(forward(1), 1000)), { code: 'HEC_CONNECTION' });
});
