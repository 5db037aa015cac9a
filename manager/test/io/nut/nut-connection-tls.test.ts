/** STARTTLS with a real upsd, which Debian builds with NSS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FakeNutServer } from '../../../../test/nut/fake-nut-server.ts';
import { skipWithoutUpsd } from '../../../../test/nut/nut-programs.ts';
import { startUpsd, type Upsd } from '../../../../test/nut/upsd.ts';
import { watchUps } from '../../../../test/nut/watched-ups.ts';
import { createUpsControl, type NutTls } from '../../../src/io/nut/nut-client.ts';
import { NutConnection } from '../../../src/io/nut/nut-connection.ts';

t.setTimeout(120_000);
const skip = skipWithoutUpsd();
const upses = { rack: { kind: 'dev', values: { 'ups.status': 'OL' } } } as const;

type At = { readonly host: string; readonly port: number };
const open = ({ host, port }: At, tls: NutTls, timeLimitMs = 2000) =>
  NutConnection.open({ host, port, tls, timeLimitMs });

/** Whether a look works, and whether it was encrypted. */
async function look(at: At, tls: NutTls): Promise<{ status: string | undefined; isEncrypted: boolean }> {
  const connection = await open(at, tls);
  try {
    const variables = await connection.listVariables('rack');
    return { status: variables.get('ups.status'), isEncrypted: connection.isEncrypted };
  } finally {
    connection.close();
  }
}

const encrypted = { status: 'OL', isEncrypted: true };
const inTheClear = { status: 'OL', isEncrypted: false };

t.test('a server with TLS', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses, tls: true });
  const authorityFile = upsd.authorityFile ?? '';
  const stranger = (await startUpsd(t, { upses: {}, tls: true })).authorityFile ?? '';
  const byName = (mode: 'optional' | 'required', file = authorityFile, serverName = 'ups.test') =>
    ({ mode, authorityFile: file, serverName }) as const;

  t.same(await look(upsd, { mode: 'off' }), inTheClear, 'off');
  t.same(await look(upsd, { mode: 'optional' }), encrypted, 'optional takes any certificate');
  t.same(await look(upsd, byName('optional')), encrypted);
  t.same(await look(upsd, byName('required')), encrypted, 'by the name in the certificate');
  t.same(await look(upsd, { mode: 'required', authorityFile }), encrypted, 'by the address in it');

  const refused = { code: 'HEC_TLS' };
  await t.rejects(look(upsd, { mode: 'required' }), refused, 'an authority that nobody named');
  await t.rejects(look(upsd, byName('required', stranger)), refused, 'another authority');
  await t.rejects(look(upsd, byName('optional', stranger)), refused, 'also where TLS is optional');
  await t.rejects(look(upsd, byName('required', authorityFile, 'other.test')), {
    code: 'HEC_TLS',
    message: /other\.test/,
    remedy: /server name/,
  });
});

t.test('a server without TLS', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses });
  t.same(await look(upsd, { mode: 'optional' }), inTheClear, 'optional');
  await t.rejects(look(upsd, { mode: 'required' }), { code: 'HEC_TLS', message: /FEATURE-NOT-CONFIGURED/ });
});

t.test('the file of the authority', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses, tls: true });
  const file = join(t.testdir(), 'authority.pem');
  const required = { mode: 'required', authorityFile: file } as const;
  await t.rejects(look(upsd, required), { code: 'HEC_CONFIG', message: /ENOENT.*authority\.pem/ });
  writeFileSync(file, 'no certificate');
  await t.rejects(look(upsd, required), { code: 'HEC_CONFIG', message: /holds no certificate/ });
});

t.test('watching and commanding over TLS, upsd restarted meanwhile', { skip }, async (t) => {
  const users = { hecate: { password: 'right', actions: ['SET'] } };
  const upsd = await startUpsd(t, { upses, users, tls: true });
  const server = { host: upsd.host, port: upsd.port, tls: tlsOf(upsd) };
  const { nextFlags } = watchUps(t, upsd, { server });
  await nextFlags('OL');
  await upsd.stop('SIGKILL');
  await upsd.set('rack', 'ups.status', 'OB');
  await upsd.start();
  await nextFlags('OB');
  const credentials = () => ({ username: 'hecate', password: 'right' });
  const control = createUpsControl({ nutName: 'rack', server, credentials });
  t.equal(await control.setVariable('ups.status', 'OL CHRG'), 'done');
  await nextFlags('OL CHRG');
});

const tlsOf = ({ authorityFile = '' }: Upsd): NutTls => ({ mode: 'required', authorityFile });

t.test('what a man in the middle could try (fake)', async (t) => {
  const table: [string, string, string][] = [
    ['an answer before the handshake', 'OK STARTTLS\nBEGIN LIST VAR rack\n', 'HEC_PROTOCOL'],
    ['half of one', 'OK STARTTLS\nBEG', 'HEC_PROTOCOL'],
    ['no OK', 'YES\n', 'HEC_PROTOCOL'],
    ['a handshake that is none', 'OK STARTTLS\n', 'HEC_TLS'],
    ['it has no TLS', 'ERR FEATURE-NOT-SUPPORTED\n', 'HEC_TLS'],
  ];
  for (const [what, answer, code] of table) {
    const fake = await FakeNutServer.start(t, (line, socket) => {
      socket.write(line === 'STARTTLS' ? answer : 'ERR UNKNOWN-COMMAND\n');
    });
    await t.rejects(open(fake, { mode: 'required' }), { code }, what);
    t.equal(fake.received[0]?.line, 'STARTTLS');
    t.notMatch(fake.received.map(({ line }) => line).join(), /LIST|USERNAME/, 'nothing else in the clear');
  }
});

t.test('a handshake that nobody answers (fake)', async (t) => {
  const fake = await FakeNutServer.start(t, (line, socket) => {
    if (line === 'STARTTLS') socket.write('OK STARTTLS\n');
  });
  await t.rejects(open(fake, { mode: 'required' }, 200), {
    code: 'HEC_TLS',
    message: /no TLS handshake within 200/,
  });
});
