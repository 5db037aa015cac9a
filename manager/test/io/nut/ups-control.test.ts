/** Commands to a real upsd. */
import t from 'tap';
import { FakeNutServer } from '../../../../test/nut/fake-nut-server.ts';
import { skipWithoutUpsd } from '../../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../../test/nut/upsd.ts';
import { watchUps } from '../../../../test/nut/watched-ups.ts';
import { createUpsControl, NutRefusal } from '../../../src/io/nut/nut-client.ts';

t.setTimeout(120_000);
const skip = skipWithoutUpsd();
const rack = { kind: 'dev', values: { 'ups.status': 'OL', 'ups.delay.shutdown': '20' } } as const;
const users = {
  hecate: { password: 'right', actions: ['SET', 'FSD'], commands: ['ALL'], upsmon: 'primary' },
  reader: { password: 'reads' },
} as const;

const controlOf = (server: { host: string; port: number }, username = 'hecate', password = 'right') =>
  createUpsControl({
    nutName: 'rack',
    server: { host: server.host, port: server.port, tls: { mode: 'off' } },
    credentials: () => ({ username, password }),
    trackingLimitMs: 10_000,
  });

t.test('FSD, once the rights are there', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack }, users });
  const { nextFlags } = watchUps(t, upsd);
  await controlOf(upsd).checkRights();
  t.equal(await upsd.ask('GET VAR rack ups.status'), 'VAR rack ups.status "OL"', 'a check sets nothing');
  await controlOf(upsd).setForcedShutdown();
  await nextFlags('FSD OL');
  t.equal(await upsd.ask('LIST CLIENT rack'), 'BEGIN LIST CLIENT rack');
  t.notMatch(upsd.log(), 'logged into', 'no primary will wait for this client');
});

t.test('commands and variables', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack }, users });
  const control = controlOf(upsd);
  t.equal(await control.setVariable('ups.delay.shutdown', '180'), 'done', 'the driver has it');
  t.equal(await upsd.ask('GET VAR rack ups.delay.shutdown'), 'VAR rack ups.delay.shutdown "180"');
  // dummy-ups declares this command and does not know it: upsd says OK to it, and only the tracking tells.
  await t.rejects(control.instantCommand('load.off'), { name: 'NutRefusal', nutCode: 'UNKNOWN' });
  await t.rejects(control.instantCommand('shutdown.return', '60'), {
    name: 'NutRefusal',
    nutCode: 'CMD-NOT-SUPPORTED',
  });
  await t.rejects(control.setVariable('no.such', '1'), {
    nutCode: 'VAR-NOT-SUPPORTED',
    code: 'HEC_UNSUPPORTED',
  });
  await t.rejects(control.setVariable('ups.delay.shutdown', '1\nFSD rack'), { code: 'HEC_USAGE' });
});

t.test('wrong passwords and missing rights show at use, and no password is told', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack }, users });
  const table: [string, string][] = [
    ['hecate', 'wrong-secret'],
    ['nobody', 'wrong-secret'],
    ['reader', 'reads'],
  ];
  for (const [username, password] of table) {
    const control = controlOf(upsd, username, password);
    for (const attempt of [
      () => control.checkRights(),
      () => control.setForcedShutdown(),
      () => control.instantCommand('load.off'),
      () => control.setVariable('ups.delay.shutdown', '9'),
    ]) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      t.ok(error instanceof NutRefusal && error.nutCode === 'ACCESS-DENIED', `${username}: ${String(error)}`);
      t.notMatch(String(error), password);
    }
  }
  t.equal(await upsd.ask('GET VAR rack ups.status'), 'VAR rack ups.status "OL"', 'nothing was set');
});

t.test('no server, and no driver', { skip }, async (t) => {
  const upsd = await startUpsd(t, { upses: { rack }, users });
  await upsd.killDriver('rack');
  await t.rejects(controlOf(upsd).instantCommand('load.off'), {
    name: 'NutRefusal',
    nutCode: 'DRIVER-NOT-CONNECTED',
  });
  await upsd.stop();
  await t.rejects(controlOf(upsd).setForcedShutdown(), { code: 'HEC_UPS', message: /ECONNREFUSED/ });
});

t.test('a server before NUT 2.8 (fake): MASTER, no tracking', async (t) => {
  const fake = await FakeNutServer.start(t, (line, socket) => {
    if (/^PRIMARY/.test(line)) socket.write('ERR UNKNOWN-COMMAND\n');
    else if (/^SET TRACKING/.test(line)) socket.write('ERR INVALID-ARGUMENT\n');
    else if (/^MASTER/.test(line)) socket.write('OK MASTER-GRANTED\n');
    else if (/^FSD/.test(line)) socket.write('OK FSD-SET\n');
    else socket.write('OK\n');
  });
  await controlOf(fake).setForcedShutdown();
  t.equal(await controlOf(fake).instantCommand('shutdown.return', '90'), 'handed-over');
  t.same(
    fake.received.map(({ connection, line }) => `${connection} ${line}`),
    [
      ...[
        '1 USERNAME hecate',
        '1 PASSWORD right',
        '1 PRIMARY rack',
        '1 MASTER rack',
        '1 FSD rack',
        '1 LOGOUT',
      ],
      ...['2 USERNAME hecate', '2 PASSWORD right', '2 SET TRACKING ON'],
      ...['2 INSTCMD rack shutdown.return 90', '2 LOGOUT'],
    ],
  );
});

t.test('a command that was taken, and a server that is gone after it (fake)', async (t) => {
  const fake = await FakeNutServer.start(t, (line, socket) => {
    if (/^GET TRACKING/.test(line)) socket.destroy();
    else socket.write(/^INSTCMD/.test(line) ? 'OK TRACKING 1234\n' : 'OK\n');
  });
  t.equal(await controlOf(fake).instantCommand('load.off'), 'handed-over', 'nobody knows more');
});

t.test('a password that no line can carry is not told either (fake)', async (t) => {
  const fake = await FakeNutServer.start(t, (_line, socket) => socket.write('OK\n'));
  for (const password of ['Geheimnis-ä', 'right\nFSD rack', 'x'.repeat(600)]) {
    const error = await controlOf(fake, 'hecate', password)
      .checkRights()
      .catch((thrown: unknown) => thrown);
    t.match(error, { code: 'HEC_CONFIG', message: /printable ASCII/ });
    t.notMatch(String(error), password.slice(0, 9));
  }
  t.equal(fake.connections, 0);
});

t.test('a driver that fails at it, and one that says nothing (fake)', async (t) => {
  let verdict = 'ERR FAILED\n';
  const fake = await FakeNutServer.start(t, (line, socket) => {
    if (/^GET TRACKING/.test(line)) socket.write(verdict);
    else socket.write(/^INSTCMD/.test(line) ? 'OK TRACKING 1234\n' : 'OK\n');
  });
  await t.rejects(controlOf(fake).instantCommand('load.off'), { name: 'NutRefusal', nutCode: 'FAILED' });
  verdict = 'PENDING\n';
  const hurried = createUpsControl({
    nutName: 'rack',
    server: { host: fake.host, port: fake.port, tls: { mode: 'off' } },
    credentials: () => ({ username: 'hecate', password: 'right' }),
    trackingLimitMs: 50,
  });
  t.equal(await hurried.instantCommand('load.off'), 'handed-over');
});
