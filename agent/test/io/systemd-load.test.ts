/** Many operations on one connection: no lost job, no leak, events that keep up. */
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { FinishedJob } from '../../src/core/systemd-port.ts';
import { matchRules } from '../../src/io/systemd-signals.ts';
import { skip, systemdOf, userNode } from './support/node-bus.ts';

const sleeper = '[Service]\nExecStart=sleep 1000\n';
const units = { 'web.service': sleeper, 'quick.service': '[Service]\nType=oneshot\nExecStart=true\n' };

t.test('load', { skip, timeout: 240_000 }, async (t) => {
  const node = await userNode(t, units);
  const systemd = await systemdOf(t, node);

  await t.test(
    '200 starts of an active unit: whoever begins to wait after JobRemoved finds it',
    async (t) => {
      const first = await systemd.startJob('start', 'web.service');
      await systemd.waitJob(first.jobPath, { timeoutMs: 60_000 });
      let late = 0;
      for (let round = 0; round < 200; round += 1) {
        const { jobId, jobPath } = await systemd.startJob('start', 'web.service');
        // Such a job is over at once. Half of the rounds let its signal overtake the one who waits.
        if (round % 2 === 0) {
          await until(() => systemd.finishedJob(jobPath), {
            what: `the job of round ${round} is over`,
            intervalMs: 1,
          });
          late += 1;
        }
        // No polling within the time limit: the signal alone must do.
        const end = await systemd.waitJob(jobPath, { timeoutMs: 30_000, pollIntervalMs: 60_000 });
        if (end.result !== 'done' || end.jobId !== jobId)
          t.fail(`round ${round} ended with ${JSON.stringify(end)}`);
      }
      t.equal(late, 100);
    },
  );

  await t.test('2,000 operations in a row, and nothing is left of them', async (t) => {
    const before = systemd.counters();
    const heard = new Map<string, FinishedJob>();
    t.teardown(systemd.onJobRemoved((job) => heard.set(job.jobPath, job)));
    for (let round = 0; round < 2000; round += 1) {
      const { jobPath } = await systemd.startJob('restart', 'quick.service');
      const end = await systemd.waitJob(jobPath, { timeoutMs: 60_000 });
      if (end.result !== 'done') t.fail(`round ${round} ended with ${end.result}`);
    }
    t.ok(heard.size >= 2000, `${heard.size} jobs were heard of`);
    // What the last signals made the events look up is on its way.
    const isQuiet = (): boolean => systemd.counters().callsInFlight + systemd.counters().callsQueued === 0;
    await until(isQuiet, { what: 'nothing is asked any more', timeoutMs: 30_000, intervalMs: 10 });
    const after = systemd.counters();
    t.match(after, { callsInFlight: 0, callsQueued: 0, callsTimedOut: 0, matchRules: matchRules.length });
    t.equal(
      after.callsSent - before.callsSent < 2 * 2000 + 200,
      true,
      'one call each, and few for the events',
    );
    t.equal(after.signalsIgnored, 0);
  });

  await t.test('1,000 calls at once: 64 in flight, the others wait, none is lost', async (t) => {
    const calls = Array.from({ length: 1000 }, () => systemd.unitState('web.service'));
    t.ok(systemd.counters().callsInFlight <= 64, `${systemd.counters().callsInFlight} in flight`);
    t.equal(new Set((await Promise.all(calls)).map(({ activeState }) => activeState)).size, 1);
    const flood = Array.from({ length: 1200 }, () => systemd.unitState('web.service'));
    const ends = await Promise.allSettled(flood);
    const busy = ends.filter((end) => end.status === 'rejected');
    t.equal(busy.length, 1200 - 64 - 1024, 'beyond the queue');
    t.match(busy[0], { reason: { code: 'HEC_BUSY', delivery: 'not-sent' } });
  });

  await t.test('what the events say adds up to what a list says', async (t) => {
    const known = new Map((await systemd.listUnits()).map((unit) => [unit.name, { ...unit }]));
    let firsts = 0;
    t.teardown(
      systemd.onUnitChanged((change) => {
        const unit = known.get(change.name);
        if (unit) Object.assign(unit, change);
        else if (change.description !== undefined) {
          firsts += 1;
          known.set(change.name, { ...change } as never);
        } else t.fail(`a change of ${change.name}, which is not known`);
      }),
    );
    t.teardown(systemd.onUnitRemoved((name) => void known.delete(name)));
    t.teardown(
      systemd.onUnitsListed((all) => {
        known.clear();
        for (const unit of all) known.set(unit.name, { ...unit });
      }),
    );
    const jobs = Array.from({ length: 60 }, (_, index) =>
      systemd.startTransientUnit(`burst-${index}.service`, 'fail', [
        ['RemainAfterExit', { signature: 'b', value: index % 2 === 0 }],
        ['ExecStart', { signature: 'a(sasb)', value: [['/bin/true', ['true'], false]] }],
      ]),
    );
    for (const { jobPath } of await Promise.all(jobs)) await systemd.waitJob(jobPath, { timeoutMs: 60_000 });
    const states = (
      units: Iterable<{ name: string; activeState: string; subState: string; jobId: number }>,
    ) =>
      [...units]
        .map(({ name, activeState, subState, jobId }) => `${name} ${activeState} ${subState} ${jobId}`)
        .sort();
    const same = async (): Promise<boolean> => {
      const told = JSON.stringify(states(known.values()));
      return told === JSON.stringify(states(await systemd.listUnits()));
    };
    await until(same, { what: 'events and list agree' });
    t.ok(firsts >= 30, `${firsts} new units were told in full`);

    await node.writeFile(`${node.unitFolder}/web.service.d/name.conf`, '[Unit]\nDescription=Another name\n');
    t.equal((await node.systemctl('daemon-reload')).exitCode, 0, 'by somebody else');
    await until(() => known.get('web.service')?.description === 'Another name', {
      what: 'the reload was noticed',
    });
    await until(same, { what: 'events and list agree after a reload' });
  });

  await t.test('at rest nothing is sent', async (t) => {
    const sent = async (): Promise<number> => {
      const { callsSent } = systemd.counters();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return systemd.counters().callsSent - callsSent;
    };
    t.equal(await until(async () => (await sent()) === 0, { what: 'calls end when events end' }), true);
  });
});
