/** Mains fails on a real upsd: the site shuts down in order, once, whatever becomes of the manager. */
import t, { type Test } from 'tap';
import { failMains, firstRun, full, untilPhase, upsOf } from '../../manager/test/support/power-bench.ts';
import { ended, listRuns, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { startUpsmon } from '../nut/upsmon.ts';
import { activeState } from './support/counted-unit.ts';
import { loadUnit, type PowerSite, powerSite, type Stop } from './support/power-site.ts';
import { operatorOf } from './support/run-site.ts';

t.setTimeout(240_000);

const skip = (await skipUnless('user')) || skipWithoutUpsd();
const names = ['web', 'api', 'db'] as const;
/** Under the threshold, and enough for a shutdown in which nothing is cut short. */
const runtimeSeconds = 75;

t.test('under the threshold: everything stops, in order, and hosts stay on', { skip }, async (t) => {
  const power = await powerSite(t, { names, stopSeconds: 0 });
  const { site, upsd } = power;
  const operator = await operatorOf(t, site);
  await untilPhase(operator, 'online');

  await t.test('mains that fails for a moment, with a full battery, does nothing', async (t) => {
    await upsd.set('rack', 'ups.status', 'OB DISCHRG');
    await untilPhase(operator, 'on-battery', 'pending');
    await upsd.set('rack', full);
    await untilPhase(operator, 'online');
    t.same(await listRuns(operator), []);
  });

  await failMains(upsd, operator, { runtimeSeconds });
  const { runId, ...run } = await firstRun(operator);
  t.match(run, {
    plan: 'shutdown',
    mode: 'cluster-only',
    requestedBy: 'power',
    reason: /rack-a.*under the threshold/,
  });
  const report = await ended(operator, runId);
  t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
  const [web, api, db] = await onceStopped(t, power);
  t.ok(web && api && web.endedSeconds <= api.beganSeconds, 'web, which needs api, is down before api begins');
  t.ok(api && db && api.endedSeconds <= db.beganSeconds);
  for (const name of names) t.equal(await activeState(site.node(name), loadUnit), 'inactive', name);
  await untilPhase(operator, 'hosts-off');

  await t.test('mains is back, and the site comes up: the decision knows of it', async (t) => {
    await upsd.set('rack', full);
    await untilPhase(operator, 'recover');
    await site.manager.ctlOrThrow('startup', '--execute', '--mode', 'cluster-only');
    await untilPhase(operator, 'online');
    t.equal(await activeState(site.node('db'), loadUnit), 'active');
    t.match(await site.manager.ctlOrThrow('power', 'status'), /^rack-a +online +OL/m);
  });
});

t.test('killed after the trigger: the manager goes on with the one run', { skip }, async (t) => {
  const power = await powerSite(t, { names, stopSeconds: 2 });
  const { site, upsd } = power;
  const operator = await operatorOf(t, site);
  await untilPhase(operator, 'online');
  await failMains(upsd, operator, { runtimeSeconds });
  const { runId } = await firstRun(operator);
  await site.manager.stop('SIGKILL');
  await site.manager.start();
  const again = await operatorOf(t, site);
  const isTheOne = async () => {
    const { phase, trigger } = await upsOf(again);
    return phase === 'hosts-off' || trigger?.runId === runId;
  };
  await until(isTheOne, { what: 'the trigger has its run again' });
  const report = await ended(again, runId);
  t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
  await untilPhase(again, 'hosts-off');
  t.same(
    (await listRuns(again)).map((each) => each.runId),
    [runId],
  );
  await onceStopped(t, power);
});

const withoutRoot = process.getuid?.() === 0 ? false : 'upsmon needs root';

t.test('FSD of a real upsmon: at once, also with mains', { skip: skip || withoutRoot }, async (t) => {
  const user = { name: 'monitor', password: 'secret' };
  const users = { monitor: { password: user.password, upsmon: 'primary' as const } };
  const power = await powerSite(t, { names, users });
  const { site, upsd } = power;
  const operator = await operatorOf(t, site);
  await untilPhase(operator, 'online');
  const upsmon = await startUpsmon(t, upsd, 'rack', user);
  await upsmon.forceShutdown();
  const { runId, reason } = await firstRun(operator);
  t.match(reason, /FSD/);
  t.equal(stateOf(await ended(operator, runId)), 'done');
  await onceStopped(t, power);

  await t.test('it stays set: after a restart of the manager it is an old one', async (t) => {
    await site.manager.stop();
    await site.manager.start();
    const again = await operatorOf(t, site);
    await untilPhase(again, 'recover', 'online', 'hosts-off');
    t.equal((await listRuns(again)).length, 1);
  });
});

/** Each was stopped once: when. */
async function onceStopped(t: Test, site: PowerSite): Promise<Stop[]> {
  const stops = await Promise.all(names.map((name) => site.stopsOf(name)));
  t.same(
    stops.map(({ length }) => length),
    [1, 1, 1],
    'each once',
  );
  return stops.flat();
}
