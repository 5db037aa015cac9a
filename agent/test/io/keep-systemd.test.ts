/** The bus and systemd going away and coming back under open connections. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { FleetNode } from '../../../test/nodes/node.ts';
import { allPids, pidNamespace } from '../../../test/nodes/processes.ts';
import { until } from '../../../test/nodes/until.ts';
import type { SystemdPort, UnitState } from '../../src/core/systemd-port.ts';
import { type KeptSystemd, keepSystemd } from '../../src/io/keep-systemd.ts';
import { busOptions, skip, systemdOf, userNode } from './support/node-bus.ts';

const units = {
  'web.service': '[Service]\nExecStart=sleep 1000\n',
  'slow.service': '[Service]\nType=oneshot\nExecStart=sleep 1000\n',
};

/** Host pid of the only process of the node with this command. */
async function pidOf(node: FleetNode, command: string): Promise<number> {
  const namespace = pidNamespace(node.hostPid(1));
  return until(
    () =>
      allPids().find((pid) => {
        try {
          return (
            pidNamespace(pid) === namespace && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === command
          );
        } catch {
          return false;
        }
      }),
    { what: `${command} runs on ${node.name}` },
  );
}

/** The current connection once it answers. */
const answering = (kept: KeptSystemd): Promise<SystemdPort> =>
  until(
    async () => {
      const systemd = kept.current;
      return (await systemd?.unitState('web.service')) && systemd;
    },
    { what: 'systemd answers again' },
  );

t.test(
  'dbus-daemon killed with calls pending: all reject, and it comes back',
  { skip, timeout: 240_000 },
  async (t) => {
    const node = await userNode(t, units);
    const kept = keepSystemd({ ...busOptions(node), callTimeoutMs: 60_000 });
    t.teardown(() => kept.close());
    let connections = 0;
    const reasons: Error[] = [];
    kept.onConnected(() => {
      connections += 1;
    });
    kept.onDisconnected((reason) => reasons.push(reason));
    const systemd = await answering(kept);
    const job = await systemd.startJob('start', 'slow.service');
    const waiting = systemd.waitJob(job.jobPath, { timeoutMs: 60_000 });

    // With systemd stopped no call is answered: they are pending for certain.
    const manager = await pidOf(node, 'systemd');
    node.freeze(manager);
    const pending = Array.from({ length: 100 }, () => systemd.unitState('web.service'));
    const daemon = await pidOf(node, 'dbus-daemon');
    node.kill(daemon, 'SIGKILL');
    const ends = await Promise.allSettled([waiting, ...pending]);
    node.thaw(manager);
    t.equal(ends.filter(({ status }) => status === 'rejected').length, 101, 'all of them');
    const fates = ends.map((end) =>
      end.status === 'rejected' ? `${end.reason.code} ${end.reason.delivery}` : '',
    );
    t.strictSame([...new Set(fates)].sort(), ['HEC_BUS_GONE not-sent', 'HEC_BUS_GONE unknown']);
    t.equal(fates.filter((fate) => fate.endsWith('not-sent')).length, 100 - 64, 'those that were queued');
    t.match(reasons[0], { code: 'HEC_BUS_GONE' });
    await t.rejects(systemd.unitState('web.service'), { code: 'HEC_BUS_GONE', delivery: 'not-sent' });

    const again = await answering(kept);
    t.not(again, systemd, 'a new connection');
    t.ok(connections >= 2);
    t.equal(await again.jobExists(job.jobPath), true, 'the job is still there');
    const end = again.waitJob(job.jobPath, { timeoutMs: 60_000, pollIntervalMs: 60_000 });
    await again.cancelJob(job.jobId);
    t.match(await end, { result: 'canceled' }, 'signals come on the new connection');
  },
);

t.test('keepSystemd waits for a bus that is not there yet, and stops when told', async (t) => {
  const kept = keepSystemd({
    bus: 'user',
    address: 'unix:path=/nonexistent',
    backoffMsMin: 1,
    backoffMsMax: 4,
  });
  let failures = 0;
  kept.onDisconnected((reason) => {
    t.match(reason, { code: 'HEC_BUS_GONE' });
    failures += 1;
  });
  await until(() => failures > 5, { what: 'it has tried several times' });
  kept.close();
  const then = failures;
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(failures, then, 'no more attempts');
  t.equal(kept.current, undefined);
});

t.test('daemon-reexec: subscribed again, listed again, jobs found', { skip, timeout: 240_000 }, async (t) => {
  const node = await userNode(t, units);
  const systemd = await systemdOf(t, node);
  let lists: UnitState[][] = [];
  systemd.onUnitsListed((list) => lists.push(list));
  const job = await systemd.startJob('start', 'slow.service');
  for (let round = 0; round < 3; round += 1) {
    lists = [];
    t.equal((await node.systemctl('daemon-reexec')).exitCode, 0);
    await until(() => lists.length > 0, { what: 'the units were listed after the reexec' });
    t.ok(lists.at(-1)?.some(({ name, jobId }) => name === 'slow.service' && jobId === job.jobId));
    const { jobPath } = await systemd.startJob('start', 'web.service');
    const end = await systemd.waitJob(jobPath, { timeoutMs: 30_000, pollIntervalMs: 60_000 });
    t.equal(end.result, 'done', 'its signal arrives');
  }
  const end = systemd.waitJob(job.jobPath, { timeoutMs: 30_000, pollIntervalMs: 60_000 });
  await systemd.cancelJob(job.jobId);
  t.match(await end, { result: 'canceled' }, 'a job from before');
  t.match(systemd.counters(), { matchRules: 7 });
});

t.test('a signal that is not from systemd is not believed', { skip, timeout: 240_000 }, async (t) => {
  const node = await userNode(t, units);
  const systemd = await systemdOf(t, node);
  const heard: unknown[] = [];
  systemd.onJobRemoved((job) => heard.push(job));
  const { jobId, jobPath } = await systemd.startJob('start', 'slow.service');
  const names = JSON.parse(await node.runOrThrow(['busctl', '--user', '--json=short', 'list'])) as {
    name: string;
    unit: string | null;
  }[];
  const manager = ['/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'JobRemoved'];
  const lie = ['uoss', String(jobId), jobPath, 'slow.service', 'done'];
  // Straight to every connection: match rules are not asked then.
  for (const { name } of names.filter(({ name }) => name.startsWith(':'))) {
    await node.run(['busctl', '--user', 'emit', `--destination=${name}`, ...manager, ...lie]);
  }
  await node.run(['busctl', '--user', 'emit', ...manager, ...lie]);
  await until(() => systemd.counters().signalsIgnored > 0, { what: 'the lie arrived' });
  t.strictSame(heard, []);
  t.equal(systemd.finishedJob(jobPath), undefined);
  t.equal(await systemd.jobExists(jobPath), true);
});
