/** The disk of the state directory is full: new runs are refused; a shutdown begins and goes on, on what is kept back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { failureOf } from '../../manager/test/support/manager-bench.ts';
import {
  ended,
  execute,
  getRun,
  stateOf,
  stepStates,
  watchRun,
} from '../../manager/test/support/runs-bench.ts';
import { execute as runProgram } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import type { Site } from '../site/site.ts';
import { activeState } from './support/counted-unit.ts';
import { operatorOf, runSite } from './support/run-site.ts';

t.setTimeout(120_000);

const unit = 'slow.service';
/** Its stop takes a moment: long enough to fill the disk meanwhile. */
const slowToStop = `[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sleep 2
`;

const stages = ['alpha', 'beta'].map((name) => ({
  name: `stop-${name}`,
  steps: [{ stop: { nodes: [name], units: [unit] }, timeout: '30s' }],
}));
const sequences = {
  shutdown: { stages },
  maintenance: {
    stages: [{ name: 'only', steps: [{ start: { nodes: ['alpha'], units: [unit] }, timeout: '10s' }] }],
  },
};

/** A state directory on a file system of its own. */
async function smallDisk(t: Test): Promise<{ folder: string; fill: () => void; free: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-small-disk-'));
  const state = join(folder, 'state');
  await mkdir(state, { mode: 0o700 });
  const mounted = await runProgram(['mount', '-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', state]);
  if (mounted.exitCode !== 0) throw new Error(mounted.stderr);
  t.teardown(async () => {
    await runProgram(['umount', '-l', state]);
    rmSync(folder, { recursive: true, force: true });
  });
  const ballast = join(state, 'ballast');
  return {
    folder,
    fill: () => {
      for (let bytes = 4 * 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        try {
          writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    free: () => rmSync(ballast),
  };
}

async function untilDeactivating(site: Site, node: string): Promise<void> {
  await until(async () => (await activeState(site.node(node), unit)) === 'deactivating', {
    what: `${unit} of ${node} stops`,
    intervalMs: 20,
  });
}

t.test('a full disk', { skip: await skipUnless('user'), timeout: 120_000 }, async (t) => {
  const disk = await smallDisk(t);
  const names = ['alpha', 'beta'];
  const site = await runSite(t, { names, sequences, units: { [unit]: slowToStop }, folder: disk.folder });
  for (const name of names) await site.node(name).systemctl('start', unit);
  const operator = await operatorOf(t, site);

  await t.test('new runs are refused, and nothing is sent', async (t) => {
    disk.fill();
    const refused = await failureOf(execute(operator, 'maintenance'));
    t.match(refused, { code: 'HEC_STATE', message: /not begun.*ENOSPC|no space/s });
    t.equal(await activeState(site.node('alpha'), unit), 'active');
    const health = await site.manager.ctl(['health']);
    t.match(health.stdout + health.stderr, /runs\.records/, 'health tells');
  });

  await t.test('a shutdown is accepted all the same: what is kept back is for that', async (t) => {
    const { run } = await execute(operator, 'shutdown', { reason: 'mains is gone' });
    const { report } = await watchRun(operator, run?.summary?.runId ?? '');
    t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
    for (const name of names) t.equal(await activeState(site.node(name), unit), 'inactive');
    t.match(site.manager.log(), /ENOSPC|no space|disk is full/, 'the log tells');
    disk.free();
    for (const name of names) await site.node(name).systemctl('start', unit);
  });

  await t.test('a shutdown that was accepted goes on, and says so', async (t) => {
    const { run } = await execute(operator, 'shutdown', { reason: 'test' });
    const runId = run?.summary?.runId ?? '';
    const watched = watchRun(operator, runId);
    await untilDeactivating(site, 'alpha');
    disk.fill();
    const { report } = await watched;
    t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
    t.same(stepStates(report), ['1.1 done', '2.1 done']);
    t.equal(
      await activeState(site.node('beta'), unit),
      'inactive',
      'also what was decided after the disk was full',
    );
    t.match(site.manager.log(), /ENOSPC|no space/, 'the log tells');
    disk.free();
  });

  await t.test('with room again, runs are begun, and a restart finds nothing amiss', async (t) => {
    const { run } = await execute(operator, 'maintenance', { overrideIntent: true });
    t.equal(stateOf(await ended(operator, run?.summary?.runId ?? '')), 'done');
    await site.manager.stop('SIGKILL');
    await site.manager.start();
    const after = await operatorOf(t, site);
    t.equal(stateOf(await getRun(after)), 'done');
  });
});
