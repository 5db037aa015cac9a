/**
 * Another systemd in the same boot counts its jobs from 1 again: what it says of a job of our number is not about
 * ours (I12). A `systemd --user` that is killed and started again is one; after a daemon-reexec it is the same one.
 */
import type { Item } from '@hecate/proto/core/frames.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeSystemd } from '../../../test/support/fake-systemd.ts';
import type { JobVerb, StartedJob, SystemdPort, Unsubscribe } from '../../src/core/systemd-port.ts';
import { openSystemd } from '../../src/io/systemd.ts';
import { Asker, order } from './support/asker.ts';
import { skip, userNode } from './support/node-bus.ts';
import { SecondSystemd } from './support/second-systemd.ts';

const units = {
  'ours.service': '[Service]\nType=oneshot\nExecStart=sleep 1000\n',
  'quick.service': '[Service]\nType=oneshot\nExecStart=true\n',
  'slow.service': '[Service]\nType=oneshot\nExecStart=sleep 1000\n',
};
const patient = { timeoutMs: 60_000 };

/** A job with one number: a start also takes one for each unit that is needed, whose job is then dropped. */
async function nextJob(systemd: SystemdPort): Promise<number> {
  const { jobId, jobPath } = await systemd.startJob('stop', 'quick.service');
  await systemd.waitJob(jobPath, patient);
  return jobId;
}

/** Until the next job has this number. */
async function countUpTo(systemd: SystemdPort, jobId: number): Promise<void> {
  for (let last = 0; last !== jobId - 1; ) {
    last = await nextJob(systemd);
    if (last >= jobId) throw new Error(`the new systemd is at job ${last} already, beyond ${jobId}`);
  }
}

t.test('a new systemd', { skip, timeout: 240_000 }, async (t) => {
  const node = await userNode(t);
  const second = await SecondSystemd.on(node, units);
  const connect = async (): Promise<SystemdPort> => {
    const systemd = await openSystemd({ bus: 'user', address: second.address });
    t.teardown(() => systemd.close());
    return systemd;
  };

  /** An operation whose job has a number that a new systemd reaches only after some others. */
  const begin = async (systemd: SystemdPort, asker: Asker) => {
    for (let times = 0; times < 20; times += 1) await nextJob(systemd);
    const told = new Set<string>();
    systemd.onUnitChanged(({ name, activeState }) => told.add(`${name} ${activeState}`));
    const items: Item[] = [];
    const outcome = asker.apply(order({ unit: 'ours.service' }), items);
    await until(() => items.length > 0, { what: 'systemd took the job' });
    // A question about its units that dies with it would end the connection.
    const isAtRest = () => told.has('ours.service activating') && systemd.counters().callsInFlight === 0;
    await until(isAtRest, { what: 'nothing is asked any more' });
    const job = (await systemd.listJobs()).find(({ unit }) => unit === 'ours.service');
    if (!job) throw new Error('its job is not there');
    return { outcome, jobId: job.jobId };
  };

  await t.test('on the same bus: a foreign job of our number ends', async (t) => {
    const systemd = await connect();
    const asker = await Asker.open(t.testdir(), systemd);
    const { outcome, jobId } = await begin(systemd, asker);
    let owners = 0;
    systemd.onNewOwner(() => {
      owners += 1;
    });
    await second.kill();
    await second.start();
    await until(() => owners > 0, { what: 'its name has a new owner' });
    await countUpTo(systemd, jobId);
    const foreign = await systemd.startJob('start', 'quick.service');
    t.equal(foreign.jobId, jobId, 'the same number');
    t.equal((await systemd.waitJob(foreign.jobPath, patient)).result, 'done');
    t.match(await outcome, { status: 'unknown', inferred: true, message: /started anew/ });
    await asker.runner.close();
  });

  await t.test('on a new connection: a foreign job of our number is there', async (t) => {
    const before = await connect();
    const asker = await Asker.open(t.testdir(), before);
    const { outcome, jobId } = await begin(before, asker);
    before.close();
    asker.runner.busLost();
    await second.kill();
    await second.start();
    const systemd = await connect();
    await countUpTo(systemd, jobId);
    const foreign = await systemd.startJob('start', 'slow.service');
    t.equal(foreign.jobId, jobId, 'the same number');
    asker.runner.busConnected(systemd);
    t.match(await outcome, { status: 'unknown', inferred: true, message: /started anew/ });
    await asker.runner.close();
  });

  await t.test('daemon-reexec: the same systemd, the same job, and its own end', async (t) => {
    const systemd = await connect();
    const asker = await Asker.open(t.testdir(), systemd);
    const started = await systemd.managerProperty('UserspaceTimestampMonotonic');
    const { outcome, jobId } = await begin(systemd, asker);
    let owners = 0;
    systemd.onNewOwner(() => {
      owners += 1;
    });
    await second.systemctl('daemon-reexec');
    await until(() => owners > 0, { what: 'its name has a new owner' });
    t.same(await systemd.managerProperty('UserspaceTimestampMonotonic'), started, 'its start is its first');
    t.ok((await systemd.listJobs()).some((job) => job.jobId === jobId && job.unit === 'ours.service'));
    t.equal(asker.runner.runningCount, 1);
    await systemd.cancelJob(jobId);
    t.match(await outcome, { status: 'failed', result: 'canceled', inferred: false });
    await asker.runner.close();
  });
});

/** Its answer to a call is the last that it gives: what comes after it is another's. */
class Leaving extends FakeSystemd {
  #tell: () => void = () => undefined;

  override onNewOwner(listener: () => void): Unsubscribe {
    this.#tell = listener;
    return () => undefined;
  }

  override async startJob(verb: JobVerb, unit: string): Promise<StartedJob> {
    const job = await super.startJob(verb, unit);
    this.#tell();
    return job;
  }
}

t.test(
  'the new owner is there before the answer of the former is read: looked up, not waited for',
  async (t) => {
    const asker = await Asker.open(
      t.testdir(),
      new Leaving({ units: [{ name: 'quick.service', kind: 'ends' }] }),
    );
    t.match(await asker.apply(order({ unit: 'quick.service' })), { status: 'done', inferred: true });
    await asker.runner.close();
  },
);
