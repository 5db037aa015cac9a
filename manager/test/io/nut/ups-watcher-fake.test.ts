/** The watcher before a fake server: what no upsd says, what is sent, and when. */
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { until } from '../../../../test/nodes/until.ts';
import { type FakeAnswer, FakeNutServer, listOfVariables } from '../../../../test/nut/fake-nut-server.ts';
import { watchUps } from '../../../../test/nut/watched-ups.ts';

t.setTimeout(60_000);
const online = listOfVariables('rack', { 'ups.status': 'OL' });
const answerWell: FakeAnswer = (_line, socket) => socket.write(online);

const timeLimited = (server: FakeNutServer, timeLimitMs: number) => ({
  server: { host: server.host, port: server.port, tls: { mode: 'off' }, timeLimitMs } as const,
});

/** The first connection gets the bad answer, later ones a good one: each failure must end its own connection only. */
async function watchOneBadConnection(t: Test, bad: (socket: Socket) => void) {
  const fake = await FakeNutServer.start(t, (line, socket, connection) => {
    if (connection === 1) bad(socket);
    else answerWell(line, socket, connection);
  });
  const watched = watchUps(t, fake, timeLimited(fake, 300));
  await watched.nextFlags('OL');
  return { fake, ...watched };
}

const garbage: [string, string, (socket: Socket) => void][] = [
  ['an endless line', 'more than 2048', (socket) => socket.write('x'.repeat(100_000))],
  ['half a line', 'within 300 ms', (socket) => socket.write('BEGIN LIST')],
  [
    'half a list',
    'within 300 ms',
    (socket) => socket.write('BEGIN LIST VAR rack\nVAR rack ups.status "OB LB"\n'),
  ],
  ['nothing', 'within 300 ms', () => undefined],
  ['binary', 'binary', (socket) => socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0xff, 0xfe, 0x0a]))],
  ['zeros', 'binary', (socket) => socket.write(Buffer.alloc(100))],
  [
    'bytes that are no text',
    'instead of the variables',
    (socket) => socket.write(Buffer.from([0xff, 0xfe, 0x0a])),
  ],
  [
    'a page of the web',
    'instead of the variables',
    (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  ],
  ['empty lines', 'instead of the variables', (socket) => socket.write('\n'.repeat(50_000))],
  ['thousands of variables', 'more than 2000', (socket) => socket.write(thousands)],
  [
    'another UPS',
    'among the variables',
    (socket) => socket.write(online.replace(/VAR rack u/, 'VAR other u')),
  ],
  ['an unknown error', 'no error that NUT has', (socket) => socket.write('ERR OUT-OF-COFFEE\n')],
  ['a hang-up', 'closed the connection', (socket) => socket.end()],
  ['a reset', 'ECONNRESET', (socket) => socket.resetAndDestroy()],
];
const many = Array.from({ length: 30_000 }, (_, index) => [`battery.${index}`, '1'] as const);
const thousands = listOfVariables('rack', Object.fromEntries(many));

for (const [what, message, bad] of garbage) {
  t.test(`${what} ends its own connection`, async (t) => {
    const { fake, samples, troubles } = await watchOneBadConnection(t, bad);
    t.match(samples[0], { ups: 'the rack', reading: undefined, failure: 'server-lost', rejected: [] });
    t.match(troubles[0], message);
    t.equal(troubles.at(-1), undefined, 'over');
    t.equal(fake.connections, 2);
    await until(() => fake.openConnections === 1, { what: 'the bad connection is closed' });
  });
}

t.test('what comes unasked is never the answer to the next look', async (t) => {
  const later = listOfVariables('rack', { 'ups.status': 'OB LB' });
  const { fake, samples } = await watchOneBadConnection(t, (socket) => socket.write(`${online}${later}`));
  await until(() => samples.length >= 2, { what: 'the next look' });
  t.equal(fake.connections, 2, 'on a connection of its own');
  t.notOk(samples.some(({ reading }) => reading?.flags.includes('LB')));
});

t.test('a bad connection does not reach its neighbour', async (t) => {
  const fake = await FakeNutServer.start(t, (_line, socket, connection) => {
    if (connection === 1) socket.write('BEGIN LIST VAR rack\nVAR rack ups.status "OB');
    else socket.write(online);
  });
  const first = watchUps(t, fake, timeLimited(fake, 60_000));
  await until(() => fake.received.length === 1, { what: 'the first has asked' });
  const second = watchUps(t, fake);
  await second.nextFlags('OL');
  await second.nextFlags('OL');
  t.same(first.samples, [], 'half a reply of one connection is not the begin of another one');
});

t.test('a reply in single bytes', async (t) => {
  const text = Buffer.from(listOfVariables('rack', { 'ups.status': 'OL', 'device.mfr': 'Müller €' }));
  const fake = await FakeNutServer.start(t, async (_line, socket) => {
    for (const byte of text) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
  });
  const { nextFlags } = watchUps(t, fake);
  t.equal((await nextFlags('OL')).reading?.device.manufacturer, 'Müller €');
});

t.test('one LIST VAR for each look, on one connection, and never a LOGIN', async (t) => {
  const fake = await FakeNutServer.start(t, answerWell);
  const { samples } = watchUps(t, fake);
  await until(() => samples.length >= 5, { what: 'five looks' });
  t.equal(fake.connections, 1);
  t.same([...new Set(fake.received.map(({ line }) => line))], ['LIST VAR rack']);
  t.ok(fake.received.length - samples.length <= 1, 'no look asks twice');
});

t.test('between rare looks it keeps the connection from falling idle', async (t) => {
  const fake = await FakeNutServer.start(t, (line, socket) =>
    socket.write(line === 'VER' ? 'Network UPS Tools upsd 2.8.0\n' : online),
  );
  const { samples, watcher } = watchUps(t, fake, { pollIntervalMs: 3_600_000, keepAliveIntervalMs: 50 });
  const count = (wanted: string) => fake.received.filter(({ line }) => line === wanted).length;
  await until(() => count('VER') >= 3, { what: 'three signs of life' });
  t.equal(count('LIST VAR rack'), 1);
  t.equal(fake.connections, 1);
  watcher.setFast(true);
  await until(() => samples.length >= 3, { what: 'fast looks, though the next slow one is far' });
  watcher.setFast(false);
});

t.test('a server that refuses to be found again is asked at the poll interval, not faster', async (t) => {
  const fake = await FakeNutServer.start(t, (_line, socket) => socket.destroy());
  const { samples } = watchUps(t, fake, { pollIntervalMs: 600_000 });
  // 250 ms, 500 ms, 1 s …
  await until(() => samples.length >= 3, { what: 'the first attempts come soon' });
  const gapMs = (index: number) => (samples[index + 1]?.atMs ?? 0) - (samples[index]?.atMs ?? 0);
  t.ok(gapMs(1) > gapMs(0), 'and each later than the one before');
});

t.test('stop: no sample after it, no connection left', async (t) => {
  const fake = await FakeNutServer.start(t, answerWell);
  const { samples, watcher, troubles } = watchUps(t, fake);
  await until(() => samples.length >= 2, { what: 'looks' });
  fake.answer = () => undefined;
  const asked = fake.received.length;
  await until(() => fake.received.length > asked, { what: 'a look without an answer' });
  watcher.stop();
  const told = samples.length;
  await until(() => fake.openConnections === 0, { what: 'the connection is closed' });
  t.equal(samples.length, told);
  t.same(troubles, []);
  t.throws(() => watcher.start(() => undefined), TypeError, 'once only');
});
