/**
 * Certificates that live for seconds: an agent renews its own and stays, commands are carried out meanwhile, and
 * who slept through it is refused until it is enrolled again.
 */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { untilAudited } from './support/audit.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { identityOf } from './support/knock.ts';
import { operate } from './support/operations.ts';

const lifetimeSeconds = 4;
const skip = await skipUnless('user');

t.test('certificates that live for seconds', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, {
    names: ['alpha', 'sleeper'],
    config: { trust: { certificate_lifetime: `${lifetimeSeconds}s` } },
    units: { 'counted.service': countedUnit(0).replace('RemainAfterExit=yes\n', '') },
  });
  const { manager } = site;
  const alpha = site.agent('alpha');
  const sleeper = site.agent('sleeper');

  await t.test('renewed over and over, and no operation lost', async (t) => {
    const first = identityOf(alpha).serial;
    await sleeper.stop();
    const serials = new Set([first]);
    const outcomes: Record<string, number> = {};
    const endMs = Date.now() + 3 * lifetimeSeconds * 1000;
    while (Date.now() < endMs) {
      const { status } = await operate(site, 'start', 'alpha', 'counted', '--timeout', '10s');
      outcomes[status] = (outcomes[status] ?? 0) + 1;
      serials.add(identityOf(alpha).serial);
    }
    t.comment(
      `${serials.size} certificates in ${3 * lifetimeSeconds} s, operations: ${JSON.stringify(outcomes)}`,
    );
    t.ok(serials.size >= 4, 'a new certificate for each lifetime');
    // Between two sessions there is a moment in which a command is not sent, or lost on the way: it is never half done.
    const { done = 0, offline = 0, refused = 0, ...others } = outcomes;
    const between = offline + refused;
    t.strictSame(others, {}, 'every operation had a definite outcome');
    t.ok(done > 0 && between < serials.size, `${between} of ${done + between} fell between two sessions`);
    t.equal(await startsOf(site.node('alpha'), 'counted.service'), done, 'each once');
    await site.untilOnline('alpha');
    t.notMatch(alpha.log, /expired/);
    const renewals = (manager.log().match(/"node":"alpha".*"node online"/g) ?? []).length;
    t.ok(renewals < 12, `it does not renew without end: ${renewals} sessions`);
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
    const { status } = await operate(site, 'start', 'sleeper', 'counted', '--timeout', '10s');
    t.equal(status, 'done');
  });
});
