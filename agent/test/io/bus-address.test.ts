import t from 'tap';
import { busAddress, socketPaths } from '../../src/io/bus-address.ts';

t.test('where the buses are', (t) => {
  t.equal(busAddress('system', {}), 'unix:path=/run/dbus/system_bus_socket');
  t.equal(busAddress('system', { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/x' }), 'unix:path=/x');
  t.equal(busAddress('user', { XDG_RUNTIME_DIR: '/run/user/7' }), 'unix:path=/run/user/7/bus');
  const both = { XDG_RUNTIME_DIR: '/run/user/7', DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=y' };
  t.equal(busAddress('user', both), 'unix:abstract=y');
  t.throws(() => busAddress('user', {}), { code: 'HEC_CONFIG', message: /XDG_RUNTIME_DIR/ });
  t.end();
});

t.test('addresses of the specification', (t) => {
  t.strictSame(socketPaths('unix:path=/a%20b%2cc,guid=12;tcp:host=x,port=1;unix:abstract=z'), [
    '/a b,c',
    '\0z',
  ]);
  const odd = '/run/ä;=,% x';
  t.strictSame(socketPaths(busAddress('user', { XDG_RUNTIME_DIR: odd })), [`${odd}/bus`], 'there and back');
  for (const bad of ['', 'tcp:host=x', 'unix:', 'unix:path=', 'nonsense', 'unixexec:path=/bin/sh']) {
    t.throws(() => socketPaths(bad), { code: 'HEC_CONFIG', remedy: /DBUS_/ }, bad);
  }
  t.end();
});
