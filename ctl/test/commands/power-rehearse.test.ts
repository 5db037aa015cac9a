/** `hecatectl power rehearse` as a process: only with the name of the site, typed or given. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { programCommand } from '../../../test/support/programs.ts';
import { ClusterBench } from '../support/cluster-bench.ts';

t.setTimeout(120_000);

const runsOf = async (cluster: ClusterBench) =>
  JSON.parse((await cluster.ctl('runs', 'list', '-o', 'json')).stdout) as Record<string, unknown>[];

t.test('without the name of the site, nothing is sent', async (t) => {
  const cluster = new ClusterBench(t);
  await cluster.begin();
  const unasked = await cluster.ctl('power', 'rehearse');
  t.equal(unasked.exitCode, 2);
  t.match(
    unasked.stderr,
    /this stops the cluster for real, on node-a, node-b; hosts stay on; about .*, at most /,
  );
  t.match(unasked.stderr, /nobody can be asked .*nothing was sent.*\n.*power rehearse --confirm bench/);
  const wrong = await cluster.ctl('power', 'rehearse', '--confirm', 'home');
  t.equal(wrong.exitCode, 2);
  t.match(wrong.stderr, /"home" is not the name of this site; nothing was sent/);
  t.same(await runsOf(cluster), []);
});

t.test('a real shutdown in cluster-only mode, labelled', async (t) => {
  const cluster = new ClusterBench(t);
  await cluster.begin();
  const done = await cluster.ctl('power', 'rehearse', '--confirm', 'bench', '--time-limit', '10min');
  t.equal(done.exitCode, 0, done.stderr);
  t.match(done.stderr, /to start the cluster again, once it is over: hecatectl startup --execute/);
  t.match(await runsOf(cluster), [
    {
      plan: 'shutdown',
      mode: 'cluster-only',
      state: 'done',
      is_rehearsal: true,
      is_dry_run: false,
      reason: 'rehearsal',
    },
  ]);
  t.equal((await cluster.ctl('startup', '--execute')).exitCode, 0, 'no intent is left');
});

t.test('it does not join a shutdown', async (t) => {
  const cluster = new ClusterBench(t);
  const hold = await cluster.begin();
  const release = hold('stop');
  await cluster.ctl('shutdown', '--mode', 'cluster-only', '--execute', '--detach');
  const refused = await cluster.ctl('power', 'rehearse', '--confirm', 'bench');
  t.equal(refused.exitCode, 75);
  t.match(refused.stderr, /a shutdown is going on: run .*nothing was sent.*HEC_RUN_ACTIVE/);
  release();
});

t.test('on a terminal the name is typed', async (t) => {
  const cluster = new ClusterBench(t);
  await cluster.begin();
  const type = async (name: string): Promise<string> => {
    const command = `${programCommand('hecatectl').join(' ')} power rehearse`;
    const env = { ...process.env, HECATE_FROM_SOURCE: '1', HECATE_SOCKET: cluster.socket, TERM: 'dumb' };
    const running = promisify(execFile)('script', ['-qec', command, '/dev/null'], { env });
    running.child.stdin?.write(`${name}\n`);
    // script(1) ends with its command; its input stays open until then, as a terminal's does.
    return (await running.catch((error: { stdout: string }) => error)).stdout;
  };
  t.match(await type('no'), /Type the name of the site \(bench\) to go on:[\s\S]*"no" is not the name/);
  t.same(await runsOf(cluster), []);
  t.match(await type('bench'), /run .* is accepted/);
  t.match(await runsOf(cluster), [{ state: 'done', is_rehearsal: true }]);
});
