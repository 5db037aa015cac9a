/** Renewal of an operator's certificate with a real manager: by the rule, and by the command itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { RenewCertificate } from '@hecate/proto/generated/wire.ts';
import { readIdentity } from '@hecate/proto/io/identity-store.ts';
import { identityRenewalDueAtMs } from '@hecate/proto/io/renew-identity.ts';
import t, { type Test } from 'tap';
import { freePort, ManagerProcess } from '../../../test/site/manager-process.ts';
import { dialRemote } from '../../src/io/dial-remote.ts';
import { renewWhenDue } from '../../src/io/renew-certificate.ts';
import { runCtl } from '../support/run-ctl.ts';

t.setTimeout(120_000);

/** A site where alice has joined as a viewer. */
async function joined(t: Test, certificateLifetime: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-renew-'));
  const manager = new ManagerProcess({
    folder,
    listen: { host: '127.0.0.1', port: await freePort() },
    config: { trust: { certificate_lifetime: certificateLifetime } },
  });
  t.teardown(async () => {
    await manager.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  await manager.start();
  await manager.ctlOrThrow('ca', 'init');
  const token = await manager.ctlOrThrow('operator', 'enroll', 'alice', '--role', 'viewer', '--quiet');
  const directory = join(folder, 'identity');
  const environment = { HECATE_IDENTITY: directory };
  const done = await runCtl(['join'], { environment, stdin: token });
  if (done.exitCode !== 0) throw new Error(done.stderr);
  const address = `127.0.0.1:${manager.listen.port}`;
  const remote = (...argv: string[]) => runCtl(['--manager', address, ...argv], { environment });
  return { manager, directory, address, remote };
}

t.test('two thirds into its life, and not before; an answer that fails loses nothing', async (t) => {
  const { directory, address } = await joined(t, '90d');
  const signal = new AbortController().signal;
  const session = await dialRemote([address], directory, signal);
  t.teardown(() => session.close());
  const before = readIdentity(directory);
  const dueAtMs = identityRenewalDueAtMs(before);
  let asked = 0;
  const ask = (value: RenewCertificate, timeLimitMs: number) => {
    asked += 1;
    return session.ask('certificate', { case: 'renewCertificate', value }, { timeLimitMs, signal });
  };
  t.equal(await renewWhenDue({ directory, nowMs: dueAtMs - 1, ask }), undefined);
  t.equal(asked, 0, 'nothing is asked before its time');
  const busy = () => Promise.reject(new HecateError('HEC_BUSY', 'not now'));
  await t.rejects(renewWhenDue({ directory, nowMs: dueAtMs, ask: busy }), { code: 'HEC_BUSY' });
  t.equal(readIdentity(directory).serial, before.serial);
  const renewed = await renewWhenDue({ directory, nowMs: dueAtMs, ask });
  const after = readIdentity(directory);
  t.equal(after.serial, renewed?.serial);
  t.not(after.serial, before.serial);
  t.same(after.identity, before.identity);
  const again = await dialRemote([address], directory, signal);
  t.equal(again.welcome.role, 'viewer', 'the new one is good');
  again.close();
});

t.test('hecatectl renews in passing', async (t) => {
  const lifetimeSeconds = 20;
  const { directory, remote, manager } = await joined(t, `${lifetimeSeconds}s`);
  const { serial, notAfterMs } = readIdentity(directory);
  while (Date.now() < notAfterMs && readIdentity(directory).serial === serial) {
    const { exitCode, stdout, stderr } = await remote('health', '-o', 'json');
    t.equal(exitCode, 0, stderr);
    t.ok(JSON.parse(stdout), 'its output is what it was');
  }
  t.not(readIdentity(directory).serial, serial);
  t.equal((await remote('health')).exitCode, 0);
  t.match(
    manager.audit().filter(({ what }) => what === 'renewCertificate'),
    [{ who: 'alice', outcome: 'done' }],
  );
});
