import { isLoopbackHost } from '@hecate/proto/core/loopback.ts';
import t from 'tap';

t.test('hosts that are this one', async (t) => {
  const hosts = ['localhost', '::1', '127.0.0.1', '127.8.9.10', '0:0:0:0:0:0:0:1', '0::1', '::0:0001'];
  for (const host of hosts) t.equal(isLoopbackHost(host), true, host);
});

t.test('hosts that are, or may be, elsewhere', async (t) => {
  const others = [
    '',
    '0.0.0.0',
    '::',
    '192.0.2.1',
    '128.0.0.1',
    '127.0.0.1.example.com',
    'localhost.example.com',
  ];
  for (const host of [
    ...others,
    'x127.0.0.1',
    '127.0.0',
    '127.0.0.999',
    '::10',
    '1',
    ':1',
    '1::1',
    'Localhost\n',
  ])
    t.equal(isLoopbackHost(host), false, host);
});
