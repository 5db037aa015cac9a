/** Every end of the table that hecatectl can have, had. */
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import t from 'tap';
import { listNodes, operate, silence } from './support/answers.ts';
import { reportOf } from './support/run-answers.ts';
import { until } from './support/until.ts';
import { withManager } from './support/with-manager.ts';

t.test('every exit code of the table', async (t) => {
  const seen = new Map<string, number | null>();
  const site = await withManager(t, {
    listNodes,
    getHealth: () => ({
      case: 'health',
      value: { healthy: false, checks: [], epoch: 1, softwareVersion: '', uptimeMs: 0, site: 'lab' },
    }),
    getMetrics: () => ({ case: 'done', value: {} }),
    getOperation: () => ({
      case: 'failure',
      value: { code: 'HEC_INTERNAL', message: 'a fault', remedy: '' },
    }),
    monitor: (_value, request) => silence(request),
    getRun: () => ({ case: 'run', value: reportOf('degraded') }),
    watchRun: () => ({ case: 'run', value: reportOf('degraded') }),
    operate: operate((_node, unit) => {
      const outcomes = {
        'refused.service': { status: 'refused', code: 'HEC_POLICY' },
        'offline.service': { status: 'offline', code: 'HEC_OFFLINE' },
        'failed.service': { status: 'failed', code: 'HEC_UNIT_FAILED' },
        'gone.service': { status: 'failed', code: 'HEC_NO_SUCH_UNIT' },
        'slow.service': { status: 'timeout', code: 'HEC_TIMEOUT' },
        'lost.service': { status: 'unknown', code: 'HEC_UNKNOWN' },
      } as const;
      return Object.entries(outcomes).find(([name]) => name === unit)?.[1];
    }),
  });
  const end = async (...argv: string[]) => (await site.ctl(...argv)).exitCode;
  seen.set('success', await end('list-nodes'));
  seen.set('degraded', await end('runs', 'watch'));
  seen.set('negative', await end('health'));
  seen.set('notFound', await end('start', 'node-a', 'gone'));
  seen.set('usage', await end('start'));
  seen.set('refused', await end('start', 'node-a', 'refused'));
  seen.set('offline', await end('start', 'node-a', 'offline'));
  seen.set('unavailable', await end('list-nodes', '--socket', '/nonexistent/socket'));
  seen.set('failed', await end('start', 'node-a', 'failed'));
  seen.set('timeout', await end('start', 'node-a', 'slow'));
  seen.set('unknown', await end('start', 'node-a', 'lost'));
  seen.set('protocol', await end('metrics'));
  seen.set('internal', await end('operation', '01KASVJ5T0ABCDEFGHJKMNPQRS'));
  const running = site.start(['monitor']);
  await until(() => site.manager.requests.some(({ case: name }) => name === 'monitor'));
  running.child.kill('SIGINT');
  seen.set('interrupted', (await running.result).exitCode);
  const table = Object.entries(exitCodes).map(([name, { code }]) => [name, code]);
  t.same(Object.fromEntries(seen), Object.fromEntries(table));
});

t.test('help and usage', async (t) => {
  const { ctl } = await withManager(t);
  t.equal((await ctl()).exitCode, 2, 'nothing was asked for');
  t.equal((await ctl('--help')).exitCode, 0);
  t.equal((await ctl('start', '--help')).exitCode, 0);
  t.match((await ctl('help', 'node')).stdout, /hecatectl node enroll: /);
  const unknown = await ctl('strat');
  t.equal(unknown.exitCode, 2);
  t.match(unknown.stderr, /did you mean hecatectl start\?/);
  const half = await ctl('runs');
  t.equal(half.exitCode, 2);
  t.match(half.stderr, /must follow: list, show, watch, abort/);
  t.match((await ctl('start', '--tiemout', '5s', 'a', 'b')).stderr, /Did you mean --timeout/);
});
