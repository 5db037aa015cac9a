import t from 'tap';
import { importController } from '../../../src/core/import/bluechi-controller.ts';

function imported(keys: Record<string, string>) {
  const values = Object.entries(keys).map(([key, value]) => [key, { value, file: 'x', line: 1 }] as const);
  const { text, notes } = importController(new Map(values), 'x');
  return {
    lines: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    notes: notes.map(({ key, value, why }) => `${key}=${value}: ${why}`),
  };
}

t.test('names, port and level are taken over', async (t) => {
  t.same(imported({ AllowedNodeNames: 'b, a,b,', ControllerPort: '8421', LogLevel: 'WARN' }), {
    lines: ['nodes:', '  - "b"', '  - "a"', 'listen: ["0.0.0.0:8421"]', 'log: { level: warn }'],
    notes: [],
  });
  t.same(imported({ AllowedNodeNames: '' }).lines, ['nodes: []'], 'nobody, there and here');
});

t.test('a name that is none here is told', async (t) => {
  const { lines, notes } = imported({ AllowedNodeNames: 'Laptop_1,bad..name' });
  t.same(lines, ['nodes:', '  - "laptop-1"']);
  t.match(notes, [
    /^AllowedNodeNames=Laptop_1: its name is laptop-1 here/,
    /^AllowedNodeNames=bad\.\.name: left out/,
  ]);
});

t.test('a port of root is told', async (t) => {
  t.match(imported({ ManagerPort: '842' }), {
    lines: [],
    notes: [/842: the manager runs as a user of its own/],
  });
});

t.test('heartbeats', async (t) => {
  t.same(imported({ HeartbeatInterval: '2000' }), { lines: ['heartbeat_interval: 2000ms'], notes: [] });
  const both = imported({ HeartbeatInterval: '2000', NodeHeartbeatThreshold: '6000' });
  t.match(both, { lines: ['heartbeat_interval: 3000ms'], notes: [/offline after two/] });
  t.match(imported({ HeartbeatInterval: '1' }), {
    lines: ['heartbeat_interval: 100ms'],
    notes: [/is 100 ms/],
  });
  t.match(imported({ HeartbeatInterval: '999999' }).lines, ['heartbeat_interval: 60000ms']);
  t.match(imported({ HeartbeatInterval: '0' }), { lines: [], notes: [/cannot be switched off/] });
  t.match(imported({ HeartbeatInterval: 'often' }), { lines: [], notes: [/expected a number/] });
});

t.test('everything else is told', async (t) => {
  const { lines, notes } = imported({ LogTarget: 'stderr', UseUDS: 'true', LogLevel: 'LOUD', Nonsense: '1' });
  t.same(lines, []);
  t.match(notes, [/expected DEBUG/, /standard error/, /over TLS/, /neither BlueChi nor Hecate/]);
});
