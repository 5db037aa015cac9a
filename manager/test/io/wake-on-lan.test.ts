import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { magicPacket, wake } from '../../src/io/wake-on-lan.ts';

const target = (name: string, macAddress: string, wakeAddress = '127.0.0.1') => ({
  node: parseNodeName(name),
  macAddress,
  wakeAddress,
});

t.test('the packet', async (t) => {
  const packet = magicPacket('52:54:00:Ab:cd:ef');
  t.equal(packet.length, 102);
  t.equal(packet.toString('hex'), `${'f'.repeat(12)}${'525400abcdef'.repeat(16)}`);
  t.throws(() => magicPacket('52:54:00:ab:cd'), { code: 'HEC_CONFIG' });
});

t.test('three packets for each target, over the network', async (t) => {
  const received: string[] = [];
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.on('message', (packet) => received.push(packet.toString('hex')));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  const macs = ['52:54:00:00:00:01', '52:54:00:00:00:02'];
  const failures = await wake([target('a', macs[0] ?? ''), target('b', macs[1] ?? '')], port);
  t.same(failures, []);
  await until(() => received.length >= 6, { what: 'six packets are there' });
  const expected = macs.flatMap((mac) => Array(3).fill(magicPacket(mac).toString('hex')));
  t.same(received.sort(), expected);
});

t.test('a target that cannot be sent to is named, the others are woken', async (t) => {
  const failures = await wake([
    target('a', '52:54:00:00:00:01', 'not an address'),
    target('b', 'nonsense'),
    target('c', '52:54:00:00:00:03'),
  ]);
  t.equal(failures.length, 2);
  t.match(failures[0], /^a could not be sent a magic packet/);
  t.match(failures[1], /^b .*MAC address/);
});
