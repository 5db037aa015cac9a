import { once } from 'node:events';
import { connect, createServer, type LookupFunction } from 'node:net';
import t from 'tap';
import { rememberingLookup } from '../../../src/io/nut/remembered-address.ts';

type Resolver = { answer: 'address' | 'error' | 'silence'; lookup: LookupFunction };

/** A resolver that answers as it is told to. */
function resolver(address: string): Resolver {
  const fake: Resolver = {
    answer: 'address',
    lookup: (_hostname, options, callback) => {
      const error = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
      if (fake.answer === 'error') callback(error, '');
      else if (fake.answer === 'address') {
        if (options.all) callback(null, [{ address, family: 4 }]);
        else callback(null, address, 4);
      }
    },
  };
  return fake;
}

t.test('a server whose name is resolved no longer is reached all the same', async (t) => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const fake = resolver('127.0.0.1');
  const lookup = rememberingLookup(fake.lookup, 20);
  const dial = async (host: string) => {
    const socket = connect({ host, port, lookup });
    await once(socket, 'connect');
    socket.destroy();
  };
  fake.answer = 'error';
  await t.rejects(dial('ups.test'), { code: 'EAI_AGAIN' }, 'never seen');
  fake.answer = 'address';
  await dial('ups.test');
  fake.answer = 'error';
  await dial('ups.test');
  fake.answer = 'silence';
  await dial('ups.test');
  fake.answer = 'error';
  await t.rejects(dial('other.test'), { code: 'EAI_AGAIN' }, 'of another name nothing is known');
});

t.test('a new address replaces the old one', async (t) => {
  let address = '192.0.2.1';
  const lookup = rememberingLookup((_hostname, _options, callback) => callback(null, address, 4));
  const ask = () => new Promise((resolve) => lookup('ups.test', {}, (_error, found) => resolve(found)));
  t.equal(await ask(), '192.0.2.1');
  address = '192.0.2.2';
  t.equal(await ask(), '192.0.2.2');
});

t.test('this host knows itself', async (t) => {
  const lookup = rememberingLookup();
  const found = await new Promise((resolve) =>
    lookup('localhost', { family: 4 }, (_error, host) => resolve(host)),
  );
  t.equal(found, '127.0.0.1');
});
