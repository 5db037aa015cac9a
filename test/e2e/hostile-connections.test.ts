/**
 * Connections that never become a session. Each is cut off on its own and in its time; the nodes stay online, and
 * commands work meanwhile and afterwards.
 */
import type { Socket } from 'node:net';
import t from 'tap';
import { executeOrThrow } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { siteForTest } from '../site/site.ts';
import { quickUnit, serves, withinMemory } from './support/serving.ts';
import { closed, openTcp, openTls, openWebSocket, upgradeRequest } from './support/stranger.ts';

/** What the manager gives a stranger to say who it is (10 s), with room for a busy machine. */
const patienceMs = 20_000;
const idleCount = 2000;

/** The first bytes of a TLS 1.3 ClientHello, which says that 508 more would come. */
const halfClientHello = Buffer.from('160301020001000001fc0303', 'hex');

const skip = await skipUnless('user');

t.test('connections that never become a session', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units: quickUnit });
  const { manager } = site;
  const to = manager.listen;
  // Two thousand connections are two thousand file descriptors, here and there; the unit file says LimitNOFILE.
  for (const pid of [manager.pid, process.pid])
    await executeOrThrow(['prlimit', '--pid', String(pid), '--nofile=16384:16384']);

  await t.test('one connection and a reset, also in the middle of a handshake', async (t) => {
    const plain = await openTcp(to);
    plain.resetAndDestroy();
    const greeting = await openTcp(to);
    greeting.write(halfClientHello);
    greeting.resetAndDestroy();
    await serves(t, site, 'after resets');
  });

  await t.test('bytes that are no TLS end their own connection at once', async (t) => {
    const socket = await openTcp(to);
    socket.write('GET / HTTP/1.1\r\nHost: manager\r\n\r\n');
    await closed(socket);
    await serves(t, site, 'after plain HTTP');
  });

  await t.test('silence at every step is cut off in its time', async (t) => {
    const idle: Socket[] = [];
    await withinMemory(t, site, 200, async () => {
      const openedAtMs = performance.now();
      const silent: [string, Socket][] = [];
      const half = await openTcp(to);
      half.write(halfClientHello);
      silent.push(['half a TLS handshake', half]);
      silent.push(['TLS, and no HTTP', await openTls(to)]);
      const slow = await openTls(to);
      silent.push(['headers that never end', slow]);
      // Slow loris: never quiet, and never done.
      slow.write('GET / HTTP/1.1\r\n');
      const drip = setInterval(() => slow.write(`X-${Math.random()}: 1\r\n`), 200);
      slow.once('close', () => clearInterval(drip));
      silent.push(['an upgrade, and no hello', await openWebSocket(to)]);

      while (idle.length < idleCount) {
        idle.push(...(await Promise.all(Array.from({ length: 100 }, () => openTcp(to)))));
      }
      const refusedAtOnce = idle.filter((socket) => socket.destroyed).length;
      t.comment(`${idleCount} idle connections opened, ${refusedAtOnce} of them closed at once`);
      await serves(t, site, 'with all of them open');
      for (const [what, socket] of silent) {
        t.notOk(socket.destroyed, `${what}: it had some time`);
      }
      await Promise.all([...silent.map(([, socket]) => socket), ...idle].map(closed));
      const tookMs = performance.now() - openedAtMs;
      t.ok(tookMs < patienceMs, `the last of them was cut off after ${Math.round(tookMs)} ms`);
    });
    await serves(t, site, 'after all were cut off');
  });

  await t.test('HTTP that is no upgrade is answered and ended', async (t) => {
    const socket = await openTls(to);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.write(upgradeRequest(to).replace('hecate.v1', 'chat'));
    await closed(socket);
    t.match(answer, /^HTTP\/1\.1 400 /);
    const huge = await openTls(to);
    huge.write(`GET / HTTP/1.1\r\nX: ${'x'.repeat(64 * 1024)}\r\n\r\n`);
    await closed(huge);
    await serves(t, site, 'after bad HTTP');
  });

  t.notMatch(manager.log(), /uncaught|unhandled/i);
});
