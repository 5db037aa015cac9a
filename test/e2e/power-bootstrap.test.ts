/** The site comes back: bootstrap waits for a real upsd to tell of stable mains, and for what a killed manager finishes. */
import { spawn } from 'node:child_process';
import t, { type Test } from 'tap';
import { failMains, full } from '../../manager/test/support/power-bench.ts';
import { listRuns } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { loadUnit, type PowerSite, powerSite } from './support/power-site.ts';
import { operatorOf } from './support/run-site.ts';

t.setTimeout(200_000);

const names = ['worker', 'server'] as const;
const skip = (await skipUnless('user')) || skipWithoutUpsd();

function startBootstrap(t: Test, { site }: PowerSite) {
  const [command = '', ...args] = site.manager.ctlCommand(['bootstrap']);
  const child = spawn(command, args, { env: site.manager.ctlEnvironment() });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exitCode = new Promise<number | null>((resolve) => child.on('close', resolve));
  const untilSays = (pattern: RegExp) =>
    until(() => pattern.test(text), { what: `bootstrap says ${pattern}`, timeoutMs: 60_000 });
  return { exitCode, untilSays, text: () => text };
}

async function property({ site }: PowerSite, name: string, key: string): Promise<string> {
  const { stdout } = await site.node(name).systemctl('show', '--value', `--property=${key}`, loadUnit);
  return stdout.trim();
}

const valuesOf = (site: PowerSite, key: string): Promise<string[]> =>
  Promise.all(names.map((name) => property(site, name, key)));

t.test('a site comes back', { skip, timeout: 180_000 }, async (t) => {
  const power = await powerSite(t, { names, stopSeconds: 6, power: { stable_mains: '8s' } });
  const { site, upsd } = power;

  await t.test('where everything is up, there is nothing to do', async (t) => {
    const before = await valuesOf(power, 'InvocationID');
    const bootstrap = startBootstrap(t, power);
    t.equal(await bootstrap.exitCode, 0, bootstrap.text());
    t.same(await valuesOf(power, 'InvocationID'), before, 'not one was started again');
  });

  await t.test('a shutdown that goes on is not undone', async (t) => {
    await site.manager.ctlOrThrow('shutdown', '--mode', 'cluster-only', '--execute', '--detach');
    const refused = await site.manager.ctl(['bootstrap']);
    t.equal(refused.exitCode, 77, refused.stdout + refused.stderr);
    t.match(refused.stderr, /nothing is started up: .*shutdown.*HEC_INTENT/);
  });

  await t.test('one that a killed manager finishes is waited for, and then the site starts', async (t) => {
    await site.manager.stop('SIGKILL');
    await site.manager.start();
    const bootstrap = startBootstrap(t, power);
    await bootstrap.untilSays(/waiting: .*shutdown/);
    t.equal(await bootstrap.exitCode, 0, bootstrap.text());
    t.same(await valuesOf(power, 'ActiveState'), ['active', 'active']);
    t.same(
      (await Promise.all(names.map((name) => power.stopsOf(name)))).map(({ length }) => length),
      [1, 1],
      'the shutdown was finished first',
    );
  });

  await t.test('mains: not there, not stable, stable', async (t) => {
    await upsd.set('rack', 'ups.status', 'OB DISCHRG');
    await Promise.all(names.map((name) => site.node(name).systemctl('stop', loadUnit)));
    await until(async () => (await site.manager.ctlOrThrow('power', 'explain')).includes('on battery'), {
      what: 'the outage is seen',
    });
    const bootstrap = startBootstrap(t, power);
    await bootstrap.untilSays(/waiting: rack-a: mains is not back/);
    await upsd.set('rack', 'ups.status', 'OL CHRG');
    const backAtMs = performance.now();
    await bootstrap.untilSays(/waiting: rack-a: mains for .*, of 8 s/);
    t.same(await valuesOf(power, 'ActiveState'), ['inactive', 'inactive']);
    t.equal(await bootstrap.exitCode, 0, bootstrap.text());
    t.ok(performance.now() - backAtMs >= 8000, 'not before');
    t.match(bootstrap.text(), /the site is started up: rack-a: mains for .* of runtime, of .* needed/);
    t.same(await valuesOf(power, 'ActiveState'), ['active', 'active']);
  });

  await t.test('mains fails again while the site starts: decided at once, and then it goes on', async (t) => {
    await Promise.all(names.map((name) => site.node(name).systemctl('stop', loadUnit)));
    const worker = site.node('worker');
    const dropIn = `${worker.unitFolder}/${loadUnit}.d/slow.conf`;
    await worker.writeFile(dropIn, '[Service]\nExecStartPre=/bin/sleep 60\n');
    await worker.systemctl('daemon-reload');
    const operator = await operatorOf(t, site);
    const known = (await listRuns(operator)).length;
    const bootstrap = startBootstrap(t, power);
    await bootstrap.untilSays(/step .* begins: start load.service on worker/);
    await failMains(upsd, operator, { runtimeSeconds: 30 });
    await bootstrap.untilSays(/the startup was ended for a shutdown: .*; it begins again once power is good/);
    await bootstrap.untilSays(/waiting: rack-a: mains is not back/);
    await worker.runOrThrow(['rm', dropIn]);
    await worker.systemctl('daemon-reload');
    await upsd.set('rack', full);
    t.equal(await bootstrap.exitCode, 0, bootstrap.text());
    t.same(await valuesOf(power, 'ActiveState'), ['active', 'active']);
    const fresh = (await listRuns(operator)).slice(0, -known).map(({ plan, state }) => `${plan} ${state}`);
    t.same(fresh, ['startup done', 'shutdown done', 'startup pre-empted']);
  });
});
