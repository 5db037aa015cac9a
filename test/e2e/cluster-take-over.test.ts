/** Who gives way to whom on booted nodes: pre-emption, joining, refusals, aborts, the intent of a shutdown. */
import t from 'tap';
import { failureOf } from '../../manager/test/support/manager-bench.ts';
import { abortRun, execute, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { stateDirectory } from '../site/cluster-manager.ts';
import { clusterForTest } from '../site/cluster-site.ts';
import { ask, begin, describe, finished, hasIntent, reportWhen } from './support/cluster-runs.ts';
import { quickShutdown, quickStartup } from './support/quick-sequences.ts';

const timeout = 400_000;
t.setTimeout(timeout);

const wait = '15s';
const sequences = { startup: quickStartup({ wait }), shutdown: quickShutdown({ wait }) };
const quick = { startup: quickStartup(), shutdown: quickShutdown() };
const clusterOnly = { mode: 'cluster-only' } as const;

t.test('take-over', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const cluster = await clusterForTest(t, { servers: 1, workers: 1, config: () => ({ sequences }) });
  const refusal = (name: string) => failureOf(ask(cluster, (operator) => execute(operator, name)));
  const states = () =>
    Promise.all([cluster.unitState('server-1', 'k3s'), cluster.unitState('worker-1', 'k3s-agent')]);
  let shutdown = '';

  await t.test('a shutdown ends a startup, at once', async (t) => {
    const startup = await begin(cluster, 'startup');
    const { stdout, exitCode, stderr } = await cluster.ctl(
      ...['shutdown', '--mode', 'cluster-only', '--execute', '--detach', '--reason', 'on battery'],
    );
    t.equal(exitCode, 0, stderr);
    shutdown = stdout.trim();
    const report = await finished(cluster, startup);
    t.equal(stateOf(report), 'pre-empted', describe(report));
    t.match(describe(report), shutdown);
    t.match(stderr, startup, 'and it is said');
    t.equal(await hasIntent(cluster), true);
  });

  await t.test('a second shutdown joins it', async (t) => {
    const joined = await ask(cluster, (operator) => execute(operator, 'shutdown', clusterOnly));
    t.equal(joined.joined, true);
    t.equal(joined.run?.summary?.runId, shutdown);
  });

  await t.test('a startup is refused while it runs', async (t) => {
    const refused = await refusal('startup');
    t.match(refused, { code: 'HEC_RUN_ACTIVE', message: new RegExp(shutdown) });
    const { exitCode, stderr } = await cluster.ctl('startup', '--execute');
    t.equal(exitCode, 75, stderr);
  });

  await t.test('aborted before its point of no return, it stops at the end of the step', async (t) => {
    const { exitCode, stderr } = await cluster.ctl('runs', 'abort', shutdown, '--reason', 'mains is back');
    t.ok(exitCode === 0, `${exitCode} ${stderr}`);
    const report = await finished(cluster, shutdown);
    t.equal(stateOf(report), 'aborted', describe(report));
    t.match(describe(report), /1\.1 done.*2\.1 pending/);
    t.equal(await hasIntent(cluster), false, 'nothing blocks a startup any more');
    await until(
      async () => {
        const found = await Promise.all(
          cluster.nodes.map((node) => node.run(['test', '-e', '/var/lib/hecate-agent/armed-order.json'])),
        );
        return found.every(({ exitCode }) => exitCode !== 0);
      },
      { what: 'the orders are withdrawn' },
    );
  });

  await t.test('the plan of an older configuration is not carried out', async (t) => {
    const { digest } = await cluster.manager.json<{ digest: string }>('plan', 'startup');
    await cluster.configure({ sequences: quick });
    await cluster.untilOnline();
    const old = await cluster.ctl('startup', '--execute', '--plan-digest', digest);
    t.equal(old.exitCode, 77, old.stderr);
    t.match(old.stderr, /the configuration has changed/);
    t.same(await states(), ['inactive', 'inactive'], 'nothing was started');
    const now = await cluster.manager.json<{ digest: string }>('plan', 'startup');
    const fresh = await cluster.ctl('startup', '--execute', '--plan-digest', now.digest);
    t.equal(fresh.exitCode, 0, fresh.stdout + fresh.stderr);
    t.same(await states(), ['active', 'active']);
  });

  await t.test('the intent of a shutdown blocks a startup, although its journal is lost', async (t) => {
    await cluster.configure({ sequences });
    await cluster.untilOnline();
    const lost = await begin(cluster, 'shutdown', clusterOnly);
    await cluster.manager.stop();
    await cluster.coordinator.runOrThrow(['rm', `${stateDirectory}/journal/runs.records`]);
    await cluster.manager.start();
    t.match(await refusal('startup'), { code: 'HEC_INTENT', message: new RegExp(lost) });
    const { exitCode } = await cluster.ctl('startup', '--execute');
    t.equal(exitCode, 77);
    await cluster.untilOnline();
    const startup = await begin(cluster, 'startup', { overrideIntent: true });
    t.equal(stateOf(await finished(cluster, startup)), 'done');
    t.equal(await hasIntent(cluster), false);
  });

  await t.test('past its point of no return nothing stops it', async (t) => {
    await cluster.configure({ sequences: quick });
    await cluster.untilOnline();
    // As a load that takes its time: the worker is still going off while the manager is asked.
    const slow = '[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 8\n';
    await cluster.writeUnit('worker-1', 'slow.service', slow);
    await cluster.node('worker-1').runOrThrow(['systemctl', 'start', 'slow']);
    shutdown = await begin(cluster, 'shutdown');
    await reportWhen(cluster, shutdown, 'powers hosts off', (report) => report.pastNoReturn);
    const aborted = await failureOf(ask(cluster, (operator) => abortRun(operator, shutdown)));
    t.equal(aborted.code, 'HEC_NO_RETURN');
    t.equal((await cluster.ctl('runs', 'abort', shutdown)).exitCode, 77);
    t.equal((await refusal('startup')).code, 'HEC_RUN_ACTIVE');
    const joined = await ask(cluster, (operator) => execute(operator, 'shutdown'));
    t.equal(joined.run?.summary?.runId, shutdown, 'another trigger joins');
    await cluster.untilAllOff();
    t.same(
      cluster.timesOff().map(({ node }) => node),
      ['worker-1', 'server-1', 'coordinator'],
    );
    await cluster.coordinator.boot();
    t.equal(stateOf(await finished(cluster, shutdown)), 'done');
  });
});
