import t from 'tap';
import { defaultSocketPath, managerTarget } from '../../src/core/manager-target.ts';

const nothing = {
  socket: undefined,
  manager: undefined,
  environmentSocket: undefined,
  environmentManager: undefined,
};

t.test('an option beats any variable', async (t) => {
  t.same(managerTarget(nothing), { kind: 'socket', path: defaultSocketPath });
  t.same(managerTarget({ ...nothing, environmentSocket: '/e' }), { kind: 'socket', path: '/e' });
  t.same(managerTarget({ ...nothing, socket: '/s', environmentManager: 'm' }), {
    kind: 'socket',
    path: '/s',
  });
  t.same(managerTarget({ ...nothing, manager: 'm', environmentSocket: '/e' }), {
    kind: 'remote',
    addresses: ['m:2020'],
  });
  t.same(managerTarget({ ...nothing, environmentManager: 'm:1,n' }), {
    kind: 'remote',
    addresses: ['m:1', 'n:2020'],
  });
  t.throws(() => managerTarget({ ...nothing, socket: '/s', manager: 'm' }), { code: 'HEC_USAGE' });
});

t.test('addresses with and without a port, and IPv6', async (t) => {
  const of = (manager: string) => managerTarget({ ...nothing, manager });
  t.same(of('192.0.2.1'), { kind: 'remote', addresses: ['192.0.2.1:2020'] });
  t.same(of('2001:db8::1'), { kind: 'remote', addresses: ['[2001:db8::1]:2020'] });
  t.same(of('[::1]:99'), { kind: 'remote', addresses: ['[::1]:99'] });
  for (const bad of ['m:0', 'm:99999', 'a b', 'http://m', 'm:x'])
    t.throws(() => of(bad), { code: 'HEC_USAGE' }, bad);
});
