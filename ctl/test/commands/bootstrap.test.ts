/** `hecatectl bootstrap` as a process, on a whole manager with fake agents. With UPSes: test/e2e/power-bootstrap. */
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { execute } from '../../../manager/test/support/runs-bench.ts';
import { until } from '../../../test/nodes/until.ts';
import { ClusterBench } from '../support/cluster-bench.ts';

t.setTimeout(120_000);

t.test('waits for the manager, starts the site, and is joined by a second one', async (t) => {
  const cluster = new ClusterBench(t);
  const first = cluster.start('bootstrap');
  await until(() => /waiting: .*manager/.test(first.stderr()), { what: 'it waits for the manager' });
  const hold = await cluster.begin();
  const release = hold('start');
  await until(() => /is accepted/.test(first.stderr()), {
    what: 'it has begun',
  });
  const second = cluster.start('bootstrap');
  await until(() => /joined run/.test(second.stderr()), { what: 'the second one has joined' });
  release();
  const ends = await Promise.all([first.result, second.result]);
  t.same(
    ends.map(({ exitCode }) => exitCode),
    [0, 0],
    ends.map(({ stderr }) => stderr).join(),
  );
  t.match(ends[0]?.stderr, /the site is started up: no UPS to wait for/);
  const runs = JSON.parse((await cluster.ctl('runs', 'list', '-o', 'json')).stdout);
  t.match(runs, [{ plan: 'startup', state: 'done', reason: 'bootstrap: no UPS to wait for' }]);
  t.equal(runs.length, 1);
});

t.test('a run that is no shutdown is waited for', async (t) => {
  const cluster = new ClusterBench(t);
  const hold = await cluster.begin();
  const release = hold('restart');
  await cluster.ctl('run', 'other', '--execute', '--detach');
  const running = cluster.start('bootstrap');
  await until(() => /waiting: run .* holds node-a/.test(running.stderr()), { what: 'it waits' });
  release();
  const { exitCode, stderr } = await running.result;
  t.equal(exitCode, 0, stderr);
});

t.test('a shutdown: what somebody wants is not undone', async (t) => {
  const cluster = new ClusterBench(t);
  const hold = await cluster.begin();
  const release = hold('stop');
  await cluster.ctl('shutdown', '--mode', 'cluster-only', '--execute', '--detach');
  const refused = await cluster.ctl('bootstrap');
  t.equal(refused.exitCode, 77);
  t.match(
    refused.stderr,
    /nothing is started up: .*shutdown.*\(HEC_INTENT\)\n {2}next: .*hecatectl bootstrap/,
  );
  release();
});

t.test('an intent that no run belongs to', async (t) => {
  const cluster = new ClusterBench(t);
  mkdirSync(cluster.bench.config.stateDirectory, { mode: 0o700 });
  cluster.writeIntent();
  await cluster.begin();
  const refused = await cluster.ctl('bootstrap');
  t.equal(refused.exitCode, 77, refused.stderr);
  t.match(
    refused.stderr,
    /nothing is started up: a shutdown is in progress since .*mains failed.*HEC_INTENT/,
  );
  t.same(JSON.parse((await cluster.ctl('runs', 'list', '-o', 'json')).stdout), []);
});

t.test('a shutdown takes over from the startup', async (t) => {
  const cluster = new ClusterBench(t);
  const hold = await cluster.begin();
  hold('start');
  const running = cluster.start('bootstrap');
  await until(() => /is accepted/.test(running.stderr()), {
    what: 'it has begun',
  });
  t.equal((await cluster.ctl('shutdown', '--mode', 'cluster-only', '--execute')).exitCode, 0);
  const { exitCode, stderr } = await running.result;
  t.equal(exitCode, 1);
  t.match(stderr, /the startup was ended for a shutdown: .*pre-empted by shutdown.*HEC_RUN_FAILED/);
});

t.test('a shutdown that a UPS asks for takes over: it is waited for, and then the site starts', async (t) => {
  const cluster = new ClusterBench(t);
  const hold = await cluster.begin();
  const releaseStart = hold('start');
  const releaseStop = hold('stop');
  const running = cluster.start('bootstrap');
  await until(() => /is accepted/.test(running.stderr()), { what: 'it has begun' });
  const ups = await cluster.bench.operator();
  await execute(ups, 'shutdown', { mode: 'cluster-only', triggerId: 'rack-a:1', reason: 'mains failed' });
  await until(() => /begins again once power is good/.test(running.stderr()), { what: 'it says so' });
  await until(() => /waiting: .*shutdown/.test(running.stderr()), { what: 'it waits for its end' });
  releaseStart();
  releaseStop();
  const { exitCode, stderr } = await running.result;
  t.equal(exitCode, 0, stderr);
  const runs = JSON.parse((await cluster.ctl('runs', 'list', '-o', 'json')).stdout) as { plan: string }[];
  t.match(runs, [
    { plan: 'startup', state: 'done' },
    { plan: 'shutdown', state: 'done' },
    { plan: 'startup', state: 'pre-empted' },
  ]);
});

t.test('a startup that fails is tried again; one that somebody aborts is not', async (t) => {
  const cluster = new ClusterBench(t);
  const hold = await cluster.begin();
  cluster.failOnce('start');
  const running = cluster.start('bootstrap');
  const tried = /run \w+ is failed after .*: step 1.1 .*; it is tried again in 15/;
  await until(() => tried.test(running.stderr()), { what: 'it has failed' });
  const release = hold('start');
  await until(() => running.stderr().split('is accepted').length === 3, { what: 'it has begun again' });
  const runs = JSON.parse((await cluster.ctl('runs', 'list', '-o', 'json')).stdout) as { run_id: string }[];
  t.match(runs, [{ state: 'running' }, { state: 'failed' }]);
  const aborting = cluster.ctl('runs', 'abort', runs[0]?.run_id ?? '');
  await until(async () => /aborting/.test((await cluster.ctl('runs', 'list')).stdout), {
    what: 'it is aborted',
  });
  release();
  await aborting;
  const { exitCode, stderr } = await running.result;
  t.equal(exitCode, 1, stderr);
  t.match(stderr, /is aborted after/);
});

t.test('a startup that fails is not tried again where somebody has shut the site down since', async (t) => {
  const cluster = new ClusterBench(t);
  await cluster.begin();
  cluster.failOnce('start');
  const running = cluster.start('bootstrap');
  await until(() => /it is tried again in 15/.test(running.stderr()), { what: 'it has failed' });
  t.equal((await cluster.ctl('shutdown', '--mode', 'cluster-only', '--execute')).exitCode, 0);
  const { exitCode, stderr } = await running.result;
  t.equal(exitCode, 1, stderr);
  t.equal(stderr.split('is accepted').length, 2, 'one startup');
});

t.test('a startup that fails is not tried again past --timeout', async (t) => {
  const cluster = new ClusterBench(t);
  await cluster.begin();
  cluster.failOnce('start');
  const { exitCode, stderr } = await cluster.ctl('bootstrap', '--timeout', '10s');
  t.equal(exitCode, 1, stderr);
  t.match(stderr, /is failed after .*HEC_RUN_FAILED/);
});

t.test('it gives up when it is told to, and ends on Ctrl-C', async (t) => {
  const cluster = new ClusterBench(t);
  const late = await cluster.ctl('bootstrap', '--timeout', '1s');
  t.match(late.stderr, /nothing was started up: .*HEC_TIMEOUT/);
  const running = cluster.start('bootstrap');
  await until(() => /waiting/.test(running.stderr()), { what: 'it waits' });
  running.child.kill('SIGINT');
  t.equal((await running.result).exitCode, 130);
});
