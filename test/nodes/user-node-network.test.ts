import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { fleetForTest, skipUnless } from './fleet-for-test.ts';
import { until } from './until.ts';

const skip = await skipUnless('user');

t.test('cutting a user-mode node off from the manager is silent and can be healed', { skip }, async (t) => {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const manager = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
    socket.on('close', () => heard.push('closed'));
  });
  manager.listen(0, '127.0.0.1');
  await once(manager, 'listening');
  const { port } = manager.address() as AddressInfo;
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    manager.close();
  });
  const fleet = await fleetForTest(t, {
    kind: 'user',
    names: ['alpha', 'beta'],
    manager: { host: '127.0.0.1', port },
  });
  const client = `
    const socket = require('node:net').connect(+process.argv[1], '127.0.0.1', () => process.stdout.write('connected;'));
    socket.on('close', () => process.stdout.write('closed;'));
    process.stdin.on('data', (bytes) => socket.write(bytes));`;
  const dial = async (name: string) => {
    const node = fleet.node(name);
    t.not(node.managerAddress().port, port, 'it dials its proxy');
    const { child } = await node.spawn(['node', '-e', client, String(node.managerAddress().port)]);
    let said = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await until(() => said === 'connected;', { what: `${name} is connected` });
    return { said: () => said, write: (text: string) => child.stdin?.write(text) };
  };
  const [alpha, beta] = [await dial('alpha'), await dial('beta')];
  await fleet.node('alpha').cut();
  alpha.write('from alpha');
  beta.write('from beta');
  await until(() => heard.includes('from beta'), { what: 'the other node is heard' });
  await until(() => fleet.node('alpha').proxy?.counters().bytesHeld === 10, {
    what: 'the bytes are in flight',
  });
  t.strictSame(heard, ['from beta']);
  t.equal(alpha.said(), 'connected;', 'it is told nothing');
  await fleet.node('alpha').heal();
  await until(() => heard.includes('from alpha'), { what: 'what it sent in the cut arrives' });
  t.equal(alpha.said(), 'connected;');
});

t.test('without a manager there is nothing to be cut off from', { skip }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'user', boot: false });
  await t.rejects(fleet.node('node1').cut(), /give it the manager's address/);
  t.throws(() => fleet.node('node1').managerAddress(), /without a manager/);
  t.equal(fleet.node('node1').isUp(), false, 'it was not to boot');
});
