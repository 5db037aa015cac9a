/** A site without a cluster forwards what its UPS asks for: the other one shuts down, once, whichever manager dies. */
import t from 'tap';
import { failMains, full, powerOf, untilPhase, upsOf } from '../../manager/test/support/power-bench.ts';
import { ended, listRuns, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { activeState } from './support/counted-unit.ts';
import { loadUnit } from './support/power-site.ts';
import { operatorOf } from './support/run-site.ts';
import { twoSites } from './support/two-sites.ts';

t.setTimeout(300_000);

const skip = (await skipUnless('user')) || skipWithoutUpsd();

t.test('a site and the one that it forwards to', { skip }, async (t) => {
  const pauses = Array.from({ length: 60 }, () => ({ wait: '2s' }));
  const stop = (node: string) => ({ stop: { nodes: [node] }, timeout: '20s' });
  const stages = [
    { name: 'first', steps: [stop('web'), ...pauses] },
    { name: 'second', steps: [stop('db')] },
  ];
  const sites = await twoSites(t, { stopSeconds: 3, config: { sequences: { shutdown: { stages } } } });
  const { sender, receiver, stopsOf, untilConnected } = sites;
  const there = await operatorOf(t, receiver);
  const here = await operatorOf(t, sender.site);
  await untilPhase(here, 'online');
  /** Under the threshold, and over the own one. */
  const runtimeSeconds = async (): Promise<number> => {
    const { thresholdMs } = await upsOf(here);
    return Math.floor(thresholdMs / 1000) - 3;
  };

  await t.test('how long it takes there, and the way there, make the threshold', async (t) => {
    const budgetMs = (await powerOf(there)).budget?.budgetMs ?? 0;
    const { thresholdMs } = await upsOf(here);
    // And 30 s of a refresh, 2 looks of 500 ms, 3 s of forwarding.
    t.equal(thresholdMs, Math.round(1.1 * budgetMs) + 34_000);
  });

  await t.test('mains is back in time: it is withdrawn, and the other site comes up again', async (t) => {
    await failMains(sender.upsd, here, { runtimeSeconds: await runtimeSeconds() });
    const run = await until(async () => (await listRuns(there)).at(-1), {
      what: 'the other site shuts down',
    });
    await until(async () => (await activeState(receiver.node('web'), loadUnit)) === 'inactive', {
      what: 'web is down',
    });
    await sender.upsd.set('rack', full);
    const startup = await until(async () => (await listRuns(there)).find(({ kind }) => kind === 'startup'), {
      what: 'it is started again',
      timeoutMs: 120_000,
    });
    t.match(startup, {
      mode: 'cluster-only',
      requestedBy: 'power',
      reason: /tethys takes its shutdown back/,
    });
    t.equal(stateOf(await ended(there, run.runId)), 'aborted');
    t.equal(stateOf(await ended(there, startup.runId)), 'done');
    t.equal(await activeState(receiver.node('web'), loadUnit), 'active');
    await untilPhase(here, 'online');
    t.same((await powerOf(here)).forwards, [], 'nothing is left of it');
  });

  await t.test('an outage at one site shuts the other one down, over kill -9 of both', async (t) => {
    const { thresholdMs: thresholdBefore } = await upsOf(here);
    sites.configure({});
    await until(async () => (await upsOf(here)).thresholdMs !== thresholdBefore, {
      what: 'this site has heard how long it takes there from now on',
    });
    const before = (await listRuns(there)).length;
    await failMains(sender.upsd, here, { runtimeSeconds: await runtimeSeconds() });
    const run = await until(
      async () => {
        const runs = await listRuns(there);
        return runs.length > before && runs[0];
      },
      { what: 'the other site shuts down' },
    );
    t.match(run, { plan: 'shutdown', mode: 'cluster-only', requestedBy: 'power', reason: /^tethys: rack-a/ });
    const forward = await until(
      async () => (await powerOf(here)).forwards.find(({ runId }) => runId === run.runId),
      { what: 'its run is known' },
    );
    t.match(forward, { ups: 'rack-a', peer: 'titan', received: false, phase: 'acknowledged' });
    t.match(await sender.site.manager.ctlOrThrow('power', 'explain'), /titan carries it out: run/);
    t.match(await receiver.manager.ctlOrThrow('power', 'status'), /tethys has forwarded a trigger of rack-a/);

    await sender.site.manager.stop('SIGKILL');
    await receiver.manager.stop('SIGKILL');
    await receiver.manager.start();
    await sender.site.manager.start();
    await untilConnected();
    const again = await operatorOf(t, receiver);
    t.equal(stateOf(await ended(again, run.runId)), 'done');
    const back = await operatorOf(t, sender.site);
    await untilPhase(back, 'hosts-off');
    t.equal((await listRuns(again)).length, before + 1, 'one run');
    t.equal((await stopsOf('web')).length, 2, 'once for each outage');
    t.equal((await stopsOf('db')).length, 1);
    t.equal(await activeState(sender.site.node('tethys'), loadUnit), 'active', 'this host has runtime left');
    t.same(await listRuns(back), []);
    const told = receiver.manager.audit().filter(({ who }) => who === 'peer tethys');
    t.same(
      told.map(({ what, outcome }) => `${what} ${outcome}`),
      ['forwardTrigger done', 'withdrawTrigger done', 'forwardTrigger done'],
      'each is written down once',
    );
  });
});

t.test('nobody answers: the own threshold ends in the own shutdown', { skip }, async (t) => {
  const { sender, receiver, wire, stopsOf } = await twoSites(t, { forward: { local_shutdown: true } });
  const here = await operatorOf(t, sender.site);
  await untilPhase(here, 'online');
  wire.cut();
  const { thresholdMs } = await upsOf(here);
  const ownBudgetMs = (await powerOf(here)).budget?.budgetMs ?? 0;
  const ownThresholdSeconds = Math.floor((1.1 * ownBudgetMs + 31_000) / 1000);
  await failMains(sender.upsd, here, { runtimeSeconds: Math.floor(thresholdMs / 1000) - 3 });
  await until(async () => (await upsOf(here)).alerts.some(({ key }) => key === 'unacknowledged'), {
    what: 'nobody acknowledges it',
  });
  t.match(
    (await sender.site.manager.ctl(['health'])).stdout,
    /nothing can be forwarded|has not been acknowledged/,
  );
  t.same(await listRuns(here), [], 'there is time for the other site yet');
  // Told twice: one value that falls far is held for a wrong one.
  for (const below of [1, 2])
    await sender.upsd.set('rack', { 'battery.runtime': String(ownThresholdSeconds - below) });
  const run = await until(async () => (await listRuns(here)).at(-1), { what: 'this site shuts itself down' });
  t.match(run.reason, /this site shuts itself down: the receiver has not acknowledged it/);
  t.equal(stateOf(await ended(here, run.runId)), 'done');
  t.equal((await sender.stopsOf('tethys')).length, 1);
  t.equal(await activeState(sender.site.node('tethys'), loadUnit), 'inactive');
  await untilPhase(here, 'hosts-off');
  t.same(await stopsOf('web'), []);

  await t.test('the wire is back: what it says still counts there', async (t) => {
    wire.heal();
    const there = await operatorOf(t, receiver);
    const run = await until(async () => (await listRuns(there)).at(-1), {
      what: 'the other site shuts down',
      timeoutMs: 60_000,
    });
    t.equal(stateOf(await ended(there, run.runId)), 'done');
  });
});
