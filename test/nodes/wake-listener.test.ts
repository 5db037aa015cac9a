/** The power button that a magic packet presses, and what is known of when a node went on and off. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { BootedNode } from './booted-node.ts';
import type { BootedFleet } from './fleet.ts';
import { fleetForTest, skipUnless } from './fleet-for-test.ts';
import { type MagicPacketOptions, magicPacketCommand } from './magic-packet.ts';
import { monotonicMs } from './monotonic.ts';
import { until } from './until.ts';
import type { Wake, WakeListener } from './wake-listener.ts';

const skip = await skipUnless('booted');
// May have to make the base image.
const timeout = 600_000;
t.setTimeout(timeout);

interface Scene {
  fleet: BootedFleet;
  wake: WakeListener;
  /** Is up, and sends. */
  watch: BootedNode;
  sleeper: BootedNode;
}

/** Sends from `watch` and gives what the listener made of it. */
async function send(
  { watch, wake }: Scene,
  macAddress: string,
  options?: MagicPacketOptions,
): Promise<Wake | undefined> {
  const before = wake.wakes.length;
  await watch.runOrThrow(magicPacketCommand(macAddress, options));
  await until(() => wake.wakes.length > before, { what: 'the packet is heard' });
  return wake.wakes[before];
}

t.test('Wake-on-LAN', { skip, timeout }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['watch', 'sleeper'], boot: false });
  const [watch, sleeper] = [fleet.node('watch'), fleet.node('sleeper')];
  await watch.boot();
  const wake = await fleet.listenForWake();
  const scene: Scene = { fleet, wake, watch, sleeper };
  t.equal(await fleet.listenForWake(), wake, 'one listener for a fleet');

  await t.test(
    'a packet boots the node that it names, whose address is the same at every boot',
    async (t) => {
      for (const boot of ['first', 'second']) {
        const heard = await send(scene, sleeper.macAddress);
        t.match(heard, {
          macAddress: sleeper.macAddress,
          carrier: 'udp/9',
          node: 'sleeper',
          effect: 'booted',
        });
        await sleeper.boot(); // joins the boot that the packet began
        const link = await sleeper.runOrThrow(['ip', '-brief', 'link', 'show', 'host0']);
        t.match(link, sleeper.macAddress, `the ${boot} boot`);
        t.match(await send(scene, sleeper.macAddress), { effect: 'is-up' }, 'which a packet does not touch');
        await sleeper.poweroff();
      }
    },
  );

  await t.test('any port, to all hosts or to the node itself, also inside other bytes', async (t) => {
    // A node that stays off: what is to be seen is that the packet is heard.
    const stranger = '02:00:00:00:00:01';
    const heard = [
      await send(scene, stranger, { port: 40_000 }),
      await send(scene, stranger, { port: 7, padding: 33 }),
    ];
    t.strictSame(
      heard.map((one) => `${one?.carrier} ${one?.effect} ${one?.node}`),
      ['udp/40000 stranger undefined', 'udp/7 stranger undefined'],
    );
    // The neighbour table of a host that knew it: a frame to its address alone, which a bridge floods.
    const neighbour = [
      'ip',
      'neigh',
      'replace',
      sleeper.address,
      'lladdr',
      sleeper.macAddress,
      'dev',
      'host0',
    ];
    wake.break('sleeper');
    await watch.runOrThrow([...neighbour, 'nud', 'permanent']);
    t.match(await send(scene, sleeper.macAddress, { host: sleeper.address }), { effect: 'broken' });
    wake.mend('sleeper');
    await watch.runOrThrow(['ip', 'neigh', 'flush', 'all', 'nud', 'permanent']);
  });

  await t.test('from the site itself', async (t) => {
    const before = wake.wakes.length;
    const [, ...argv] = magicPacketCommand('02:00:00:00:00:02');
    const { exitCode, stderr } = await fleet.site.run([process.execPath, ...argv]);
    t.equal(exitCode, 0, stderr);
    await until(() => wake.wakes.length > before, { what: 'the packet is heard' });
    t.equal(wake.wakes[before]?.macAddress, '02:00:00:00:00:02');
  });

  await t.test('a node that is cut off, and one whose card is broken, stay off', async (t) => {
    await sleeper.cut();
    t.match(await send(scene, sleeper.macAddress), { effect: 'cut-off' });
    await sleeper.heal();
    wake.break('sleeper');
    t.match(await send(scene, sleeper.macAddress), { effect: 'broken' });
    t.equal(sleeper.isUp(), false);
    wake.mend('sleeper');
    t.match(await send(scene, sleeper.macAddress), { effect: 'booted' });
    await sleeper.boot();
  });

  await t.test('what is no magic packet is not heard, and every other was heard once', async (t) => {
    const before = wake.wakes.length;
    await watch.runOrThrow(magicPacketCommand('ff:ff:ff:ff:ff:ff'));
    await watch.runOrThrow(magicPacketCommand('02:00:00:00:00')); // sixteen times too few bytes
    await send(scene, '02:00:00:00:00:03');
    t.equal(wake.wakes.length, before + 1);
    t.strictSame(wake.failures, []);
  });

  await t.test('stopped, it wakes nobody', async (t) => {
    await sleeper.poweroff();
    await wake.stop();
    await watch.runOrThrow(magicPacketCommand(sleeper.macAddress));
    t.equal(sleeper.isUp(), false);
  });
});

t.test('when nodes went on and off', { skip, timeout }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['first', 'second'] });
  const [first, second] = [fleet.node('first'), fleet.node('second')];
  // Nobody of us waits: the second goes when the first no longer refuses, both by their own systemd.
  const gone = `refuses() { timeout 1 bash -c '</dev/tcp/${first.address}/7' 2>&1 | grep -q refused; }
while refuses; do sleep 0.1; done; systemctl poweroff`;
  await second.runOrThrow(['systemd-run', '--no-block', 'bash', '-c', gone]);
  await first.systemctl('start', '--no-block', 'poweroff.target');
  // The one who reads the times is held up until both have ended, and longer: the times are the nodes' own all the same.
  const hasEnded = (node: BootedNode) => existsSync(join(node.stateFolder, 'ended'));
  const givenUpMs = monotonicMs() + 60_000;
  while (!(hasEnded(first) && hasEnded(second)) && monotonicMs() < givenUpMs);
  const endedMs = monotonicMs();
  while (monotonicMs() < endedMs + 100);
  await Promise.all([first.waitUntilOff(), second.waitUntilOff()]);
  const events = (node: BootedNode) => node.power().map(({ event }) => event);
  t.strictSame(
    [events(first), events(second)],
    [
      ['on', 'off'],
      ['on', 'off'],
    ],
  );
  const end = (node: BootedNode) => node.power().at(-1);
  const [firstEnd, secondEnd] = [end(first), end(second)];
  t.ok((firstEnd?.atMs ?? 0) < (secondEnd?.atMs ?? 0), 'in the order in which they ended');
  t.ok((secondEnd?.atMs ?? Number.POSITIVE_INFINITY) <= endedMs, 'not when somebody noticed');
  t.match([firstEnd, secondEnd], [{ isOrderly: true }, { isOrderly: true }]);

  await first.boot();
  const beforeMs = monotonicMs();
  await first.pullPlug();
  t.match(end(first), { event: 'off', isOrderly: false });
  t.ok((end(first)?.atMs ?? 0) >= beforeMs, 'not the time of its end before');
});
