/**
 * Peers that get as far as frames, and then send what no peer may: strangers, joiners, a node with a good
 * certificate, operators. A bad frame ends its own session and nothing else, and memory stays bounded.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { encodeFrame } from '../../proto/src/core/codec.ts';
import { limits } from '../../proto/src/core/limits.ts';
import {
  createMonitor,
  createNotice,
  createRequest,
  createUnitState,
  createUnitsSnapshot,
} from '../../proto/src/generated/wire.ts';
import { readIdentity } from '../../proto/src/io/identity-store.ts';
import { sampleFrames } from '../../proto/test/support/sample-frames.ts';
import { mutate } from '../fuzz/mutations.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { startCtl } from './support/ctl.ts';
import { quickUnit, serves, withinMemory } from './support/serving.ts';
import {
  announcedFrame,
  binary,
  closed,
  hello,
  opcodes,
  openUnix,
  openWebSocket,
  record,
  webSocketFrame,
} from './support/stranger.ts';

const framesCount = 100_000;
const framesPerConnection = 400;
/** At once; each costs the manager a handshake. */
const connectionsAtOnce = 10;

/** mulberry32: the same frames in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const skip = await skipUnless('user');

t.test('frames that no peer may send', { skip, timeout: 180_000 }, async (t) => {
  const site = await siteForTest(t, {
    names: ['alpha', 'beta'],
    units: { ...quickUnit, 'many@.target': '[Unit]\nDescription=one of many\n' },
  });
  const { manager } = site;
  const to = manager.listen;
  // A node that is enrolled and has joined, and whose host then fell into wrong hands.
  const alpha = site.agent('alpha');
  const token = await site.enroll('mallory');
  const papersFolder = join(site.node('alpha').home, 'mallory');
  await alpha.node.writeFile(
    `${papersFolder}/agent.conf`,
    `[Agent]\nIdentityDirectory=${papersFolder}/identity\nStateDirectory=${papersFolder}\n`,
  );
  await alpha.node.runOrThrow(
    [
      join(alpha.node.repository, 'node_modules/.bin/node'),
      join(alpha.node.repository, 'agent/bin/hecate-agent.js'),
      ...['join', '--config', `${papersFolder}/agent.conf`],
    ],
    { input: `${token}\n` },
  );
  const papers = readIdentity(join(papersFolder, 'identity'));
  const expected = { alpha: 'online', beta: 'online' };
  const goodNodes = async () => {
    const { alpha, beta } = await site.connections();
    return { alpha, beta };
  };
  await t.test('a hello is small', async (t) => {
    // Fields of a newer version are skipped, so that nothing but its size is wrong with it.
    const heard = async (paddingBytes: number): Promise<number> => {
      const length = Buffer.from([0x80 | (paddingBytes & 0x7f), paddingBytes >> 7]);
      const unknown = Buffer.concat([Buffer.from([0x9a, 0x06]), length, Buffer.alloc(paddingBytes)]);
      const socket = await openWebSocket(to);
      let count = 0;
      socket.on('data', (chunk: Buffer) => {
        count += chunk.length;
      });
      socket.write(binary(Buffer.concat([hello('joiner', 'x'), unknown])));
      await closed(socket);
      return count;
    };
    t.ok((await heard(200)) > 0, 'the control: it is welcomed');
    t.equal(await heard(limits.helloBytesMax), 0, 'a large one is not');
  });

  await t.test('before a hello: too large, text, fragments, nonsense', async (t) => {
    const spoil: Record<string, (write: (bytes: Buffer) => void) => void> = {
      'a frame over the limit of a hello': (write) => write(binary(Buffer.alloc(limits.helloBytesMax + 1))),
      'a frame that says it has an exabyte': (write) => write(announcedFrame(2 ** 50)),
      'a frame over the limit of all frames': (write) => write(announcedFrame(limits.frameBytesMax + 1)),
      'a text frame': (write) => write(webSocketFrame(opcodes.text, Buffer.from('hello'))),
      'a thousand fragments of one byte': (write) => {
        write(webSocketFrame(opcodes.binary, Buffer.from([8]), false));
        for (let i = 0; i < 1000; i += 1)
          write(webSocketFrame(opcodes.continuation, Buffer.from([1]), false));
      },
      'a frame that is none of ours': (write) => write(binary(Buffer.from('ffffffff', 'hex'))),
      'an empty frame': (write) => write(binary(Buffer.alloc(0))),
      'bits that WebSocket reserves': (write) => write(Buffer.from([0xf2, 0x80, 0, 0, 0, 0])),
      'two hellos': (write) => {
        write(binary(hello('joiner', 'x')));
        write(binary(hello('joiner', 'x')));
      },
    };
    const attacks = Object.entries(spoil).map(async ([what, write]) => {
      const socket = await openWebSocket(to);
      write((bytes) => socket.write(bytes));
      await closed(socket);
      t.pass(`${what}: the connection was closed`);
    });
    await Promise.all(attacks);
    await serves(t, site, 'after bad frames');
  });

  await t.test(`${framesCount} random frames over many connections`, async (t) => {
    const random = seeded(20);
    const bases = [...sampleFrames().values()].map(encodeFrame);
    // A third each: before any hello, as one who joins, and with a good certificate after the welcome.
    const greetings = [
      { papers: undefined, hello: undefined },
      { papers: undefined, hello: hello('joiner', 'mallory') },
      { papers, hello: hello('agent', 'mallory') },
    ];
    let sent = 0;
    let connections = 0;
    const attackOnce = async (): Promise<void> => {
      const greeting = greetings[connections % greetings.length];
      connections += 1;
      const socket = await openWebSocket(to, greeting?.papers);
      if (greeting?.hello) socket.write(binary(greeting.hello));
      const frames = Array.from({ length: framesPerConnection }, () => binary(mutate(bases, random)));
      sent += frames.length;
      socket.end(Buffer.concat(frames));
      await closed(socket);
    };
    let isOver = false;
    const looked: string[] = [];
    const look = async (): Promise<void> => {
      while (!isOver) {
        looked.push(JSON.stringify(await goodNodes()));
        const { exitCode, stdout } = await manager.ctl(['start', 'alpha,beta', 'quick', '--timeout', '10s']);
        if (exitCode !== 0) looked.push(stdout);
      }
    };
    await withinMemory(t, site, 200, async () => {
      const looking = look();
      const attack = async (): Promise<void> => {
        while (sent < framesCount) await attackOnce();
      };
      await Promise.all(Array.from({ length: connectionsAtOnce }, attack));
      isOver = true;
      await looking;
    });
    t.comment(`${sent} frames over ${connections} connections; looked ${looked.length} times meanwhile`);
    t.ok(sent >= framesCount);
    t.strictSame([...new Set(looked)], [JSON.stringify(expected)], 'the good nodes served all the time');
    await serves(t, site, 'after random frames');
  });

  await t.test('a node with a good certificate that never stops listing units', async (t) => {
    await withinMemory(t, site, 300, async () => {
      const socket = await openWebSocket(to, papers);
      socket.write(binary(hello('agent', 'mallory')));
      socket.resume();
      for (let part = 0; part < 4000 && !socket.destroyed; part += 1) {
        const units = Array.from({ length: 500 }, (_, i) =>
          createUnitState({ name: `unit-${part}-${i}.service`, description: 'x'.repeat(200) }),
        );
        const snapshot = createUnitsSnapshot({ generation: 1, units, last: false });
        const value = createNotice({ notice: { case: 'unitsSnapshot', value: snapshot } });
        if (!socket.write(binary(encodeFrame({ case: 'notice', value })))) {
          await until(() => socket.destroyed || !socket.writableNeedDrain, { what: 'it has been read' });
        }
      }
      t.ok(socket.destroyed, 'it was cut off');
      socket.destroy();
    });
    await serves(t, site, 'after endless units');
  });

  await t.test('a local operator that sends garbage', async (t) => {
    const random = seeded(21);
    const greeting = record(hello('operator', 'mallory'));
    for (const start of [undefined, greeting]) {
      for (let i = 0; i < 50; i += 1) {
        const socket = await openUnix(manager.socket);
        if (start) socket.write(start);
        const bytes = Buffer.from(Array.from({ length: 512 }, () => Math.floor(random() * 256)));
        // Its first bytes are a length, which random ones put far over the limit; a small one comes further.
        socket.write(i % 2 === 0 ? bytes : record(bytes));
        await closed(socket);
      }
    }
    t.pass('each was closed');
    const slow = await openUnix(manager.socket);
    slow.setNoDelay(true);
    for (const byte of greeting) {
      slow.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [welcome] = (await once(slow, 'data')) as [Buffer];
    t.ok(welcome.length > 4, 'a good hello, byte by byte, is welcomed');
    slow.destroy();
    await serves(t, site, 'after garbage on the socket');
  });

  await t.test('an operator that never reads while 1,000 units change', async (t) => {
    const node = site.node('alpha');
    const everybody = startCtl(manager, 'monitor', '-o', 'jsonl');
    const lazy = await Promise.all(Array.from({ length: 5 }, () => openUnix(manager.socket)));
    const ask = createRequest({
      id: 1,
      timeLimitMs: 60_000,
      credit: 4096,
      method: { case: 'monitor', value: createMonitor({ nodes: { patterns: [], all: true } }) },
    });
    for (const socket of lazy) {
      socket.pause();
      socket.write(record(hello('operator', 'lazy')));
      // The welcome is there, and stays unread like all that follows.
      await once(socket, 'readable');
      socket.write(record(encodeFrame({ case: 'request', value: ask })));
    }
    await withinMemory(t, site, 150, async () => {
      const names = Array.from({ length: 1000 }, (_, i) => `many@${i}.target`);
      for (const verb of ['start', 'stop']) {
        const { exitCode, stderr } = await node.systemctl(verb, ...names);
        t.equal(exitCode, 0, `${verb} of 1,000 units: ${stderr}`);
      }
      await until(() => (everybody.stdout().match(/many@999\.target/g) ?? []).length > 1, {
        what: 'who reads has heard of the last unit, twice',
      });
    });
    await serves(t, site, 'with operators that do not read');
    const events = everybody
      .stdout()
      .split('\n')
      .filter((line) => line.includes('many@')).length;
    t.comment(`who reads heard ${events} events`);
    everybody.child.kill('SIGINT');
    await everybody.ended;
    for (const socket of lazy) socket.destroy();
  });

  t.notMatch(manager.log(), /uncaught|unhandled/i);
  t.equal(manager.isUp(), true);
});
