/**
 * Certificates that live for seconds: an agent renews its own and stays, every command is carried out meanwhile as if
 * nothing were, and who slept through it is refused until it is enrolled again.
 */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { untilAudited } from './support/audit.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { identityOf } from './support/knock.ts';
import { operate } from './support/operations.ts';
import { Operator } from './support/operator.ts';

const lifetimeSeconds = 4;
const units = ['counted@1.service', 'counted@2.service', 'counted@3.service'];
const skip = await skipUnless('user');

t.test('certificates that live for seconds', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, {
    names: ['alpha', 'sleeper'],
    config: { trust: { certificate_lifetime: `${lifetimeSeconds}s` } },
    units: {
      'counted@.service': `[Unit]\nStartLimitIntervalSec=0\n${countedUnit(0).replace('RemainAfterExit=yes\n', '')}`,
      // Longer than the session that it begins on can live.
      'slow.service': countedUnit(lifetimeSeconds + 2),
    },
  });
  const { manager } = site;
  const alpha = site.agent('alpha');
  const sleeper = site.agent('sleeper');

  await t.test('renewed over and over, and no operation lost', async (t) => {
    const first = identityOf(alpha).serial;
    await sleeper.stop();
    const serials = new Set([first]);
    const outcomes: Record<string, number> = {};
    const slow = operate(site, 'start', 'alpha', 'slow', '--timeout', '30s');
    const endMs = Date.now() + 3 * lifetimeSeconds * 1000;
    const operator = await Operator.open(manager.socket);
    t.teardown(() => operator.close());
    const withoutPause = async (unit: string): Promise<void> => {
      while (Date.now() < endMs) {
        const { outcome } = await operator.operate('start', 'alpha', unit, 10_000);
        const what = `${outcome?.status} ${outcome?.code}`.trim();
        outcomes[what] = (outcomes[what] ?? 0) + 1;
        serials.add(identityOf(alpha).serial);
      }
    };
    await Promise.all(units.map(withoutPause));
    t.comment(
      `${serials.size} certificates in ${3 * lifetimeSeconds} s, operations: ${JSON.stringify(outcomes)}`,
    );
    t.ok(serials.size >= 4, 'a new certificate for each lifetime');
    const { done = 0, ...others } = outcomes;
    t.strictSame(others, {}, 'every one was done: nothing falls between two sessions');
    const starts = await Promise.all(units.map((unit) => startsOf(site.node('alpha'), unit)));
    t.equal(
      starts.reduce((sum, count) => sum + count, 0),
      done,
      'each once',
    );
    t.match(await slow, { status: 'done' }, 'also the one whose session ended under it');
    t.equal(await startsOf(site.node('alpha'), 'slow.service'), 1);
    await site.untilOnline('alpha');
    t.notMatch(alpha.log, /expired|no session|the session ended/);
    const sessions = (what: string) =>
      manager
        .log()
        .split('\n')
        .filter((line) => line.includes('"node":"alpha"') && line.includes(what)).length;
    t.equal(sessions('node online'), 1, 'it came online once');
    const renewals = sessions('a newer session of the node took over');
    t.ok(renewals >= 3, `and its sessions took over from each other: ${renewals}`);
    t.ok(renewals < 12, 'it does not renew without end');
  });

  await t.test('who slept through it is refused, and enrolled again is back', async (t) => {
    const { notAfterMs } = identityOf(sleeper);
    await until(() => Date.now() > notAfterMs, { what: 'its certificate has expired' });
    await sleeper.start();
    const refused = await untilAudited(manager, { who: 'sleeper', what: 'connect', outcome: 'refused' });
    t.match(refused, { code: 'HEC_TLS', reason: /the certificate expired at 20/ });
    const { exitCode, stdout } = await manager.ctl(['doctor', 'sleeper']);
    t.equal(exitCode, 3);
    t.match(stdout, /certificate (ended|expired)/);
    t.match(stdout, /hecatectl node enroll sleeper/);
    t.equal((await site.connections()).sleeper, 'offline', 'it was refused');
    await sleeper.join(await site.enroll('sleeper'));
    await site.untilOnline('sleeper');
    const { status } = await operate(site, 'start', 'sleeper', 'counted@1', '--timeout', '10s');
    t.equal(status, 'done');
  });
});
