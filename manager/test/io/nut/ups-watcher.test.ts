/** The watcher on a real upsd with real drivers. */
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { skipWithoutUpsd } from '../../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../../test/nut/upsd.ts';
import { startUpsmon } from '../../../../test/nut/upsmon.ts';
import { watchUps } from '../../../../test/nut/watched-ups.ts';

t.setTimeout(120_000);
const skip = skipWithoutUpsd();
const online = { 'ups.status': 'OL', 'battery.charge': '100', 'battery.runtime': '1200', 'ups.load': '20' };
const rack = { kind: 'dev', values: online } as const;

t.test('an outage, as it comes', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack } });
  const beforeMs = systemClock.bootTimeMs();
  const { nextFlags, next, samples, troubles } = watchUps(t, upsd);
  const first = await nextFlags('OL');
  t.match(first, { ups: 'the rack', failure: undefined, rejected: [] });
  t.match(first.reading, { runtimeMs: 1_200_000, chargePercent: 100, loadPercent: 20, flags: ['OL'] });
  t.ok(first.atMs >= beforeMs && first.atMs <= systemClock.bootTimeMs(), 'when it was');

  await upsd.set('rack', { 'ups.status': 'OB DISCHRG', 'battery.charge': '97', 'battery.runtime': '1100' });
  await next(
    'the discharge',
    ({ reading }) => reading?.runtimeMs === 1_100_000 && reading.chargePercent === 97,
  );
  await upsd.set('rack', 'battery.runtime', '65535');
  const odd = await next('a value that is none', ({ rejected }) => rejected.length > 0);
  t.same(odd.rejected, [{ variable: 'battery.runtime', value: '65535', reason: 'known-nonsense' }]);
  t.equal(odd.reading?.chargePercent, 97, 'the others stay');
  await upsd.set('rack', { 'battery.runtime': '120', 'ups.status': 'OB LB' });
  await nextFlags('OB LB');
  await upsd.set('rack', 'ups.status', 'OL CHRG');
  await nextFlags('OL CHRG');
  t.same(
    samples.filter(({ failure }) => failure),
    [],
    'no look has failed',
  );
  t.same(troubles, []);
  t.notMatch(upsd.log(), 'logged in', 'it never logged in');
});

t.test('two UPSes on one server, one of them failing', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack, shelf: rack } });
  const first = watchUps(t, upsd);
  const second = watchUps(t, upsd, { ups: 'the shelf', nutName: 'shelf' });
  await Promise.all([first.nextFlags('OL'), second.nextFlags('OL')]);
  await upsd.killDriver('shelf');
  await second.nextFailure('driver-not-connected');
  t.match(await first.next('a look', () => true), { ups: 'the rack', reading: { flags: ['OL'] } });
});

t.test('the driver is killed and started again on battery', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack } });
  const { nextFlags, nextFailure, troubles } = watchUps(t, upsd);
  await upsd.set('rack', 'ups.status', 'OB');
  await nextFlags('OB');
  await upsd.killDriver('rack');
  const lost = await nextFailure('driver-not-connected');
  t.equal(lost.reading, undefined);
  t.same(lost.rejected, []);
  await upsd.startDriver('rack');
  await nextFlags('OB');
  t.match(
    troubles,
    [/refused LIST VAR rack: DRIVER-NOT-CONNECTED/, undefined],
    'told once, and when it was over',
  );
});

t.test('the UPS falls silent: stale data', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack }, maxAgeSeconds: 2 });
  const { nextFlags, nextFailure } = watchUps(t, upsd);
  await nextFlags('OL');
  upsd.pauseDriver('rack');
  await nextFailure('data-stale');
  upsd.resumeDriver('rack');
  await nextFlags('OL');
});

t.test('upsd is killed, is away, and comes again on battery', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack } });
  const { nextFlags, nextFailure, troubles } = watchUps(t, upsd);
  await nextFlags('OL');
  await upsd.stop('SIGKILL');
  await nextFailure('server-lost');
  await upsd.set('rack', 'ups.status', 'OB');
  await upsd.start();
  await nextFlags('OB');
  t.match(troubles.at(0), `${upsd.host}:${upsd.port}: `);
  t.equal(troubles.at(-1), undefined);
});

t.test('a UPS that the server does not have', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack } });
  const { nextFailure, troubles } = watchUps(t, upsd, { nutName: 'rock' });
  await nextFailure('unknown-ups');
  t.match(troubles, [/refused LIST VAR rock: UNKNOWN-UPS, the server has no UPS of this name/]);
});

const users = { monitor: { password: 'm0n', actions: ['FSD'], upsmon: 'primary' } } as const;
const skipAsUser = skip || (process.getuid?.() !== 0 && 'upsmon as a primary needs root');

t.test('FSD from a real primary, which stays until upsd is restarted', { skip: skipAsUser }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack }, users });
  const { nextFlags } = watchUps(t, upsd);
  await nextFlags('OL');
  const upsmon = await startUpsmon(t, upsd, 'rack', { name: 'monitor', password: 'm0n' });
  await upsmon.forceShutdown();
  await nextFlags('FSD OL');
  await upsd.set('rack', 'ups.status', 'OL CHRG');
  await nextFlags('FSD OL CHRG');
  await upsd.restart();
  await nextFlags('OL CHRG');
});

t.test('a played discharge', { skip }, async (t) => {
  const text = 'ups.status: OL\nbattery.charge: 100\nTIMER 1\nups.status: OB\nbattery.charge: 60\nTIMER 600';
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'sequence', text } } });
  const { next } = watchUps(t, upsd);
  await next(
    'the battery at 60 %',
    ({ reading }) => reading?.chargePercent === 60 && reading.flags[0] === 'OB',
  );
});
