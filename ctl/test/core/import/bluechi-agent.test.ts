import t from 'tap';
import { importAgent } from '../../../src/core/import/bluechi-agent.ts';

function imported(keys: Record<string, string>) {
  const values = Object.entries(keys).map(([key, value]) => [key, { value, file: 'x', line: 1 }] as const);
  const { text, notes } = importAgent(new Map(values), 'x');
  return {
    lines: text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && line !== '[Agent]'),
    notes: notes.map(({ key, value, why }) => `${key}=${value}: ${why}`),
  };
}

t.test('name, manager and level are taken over', async (t) => {
  t.same(
    imported({ NodeName: 'foo', ControllerHost: '192.0.2.7', ControllerPort: '8421', LogLevel: 'ERROR' }),
    {
      lines: ['NodeName=foo', 'Manager=192.0.2.7:8421', 'LogLevel=error'],
      notes: [],
    },
  );
  t.same(imported({ NodeName: '', ManagerHost: '' }), { lines: [], notes: [] }, 'as it comes');
});

t.test('a port of root becomes the usual one', async (t) => {
  t.match(imported({ ManagerHost: '2001:db8::1', ManagerPort: '842' }), {
    lines: ['Manager=[2001:db8::1]:2020'],
    notes: [/ManagerPort=842: the manager listens on 2020/],
  });
});

t.test('an address overrules host and port', async (t) => {
  const address = 'tcp:host=192.0.2.7,port=8421';
  t.match(imported({ ManagerAddress: address, ManagerHost: 'other' }), {
    lines: ['Manager=192.0.2.7:8421'],
    notes: [/ManagerHost=other: overruled by ManagerAddress/],
  });
  t.match(imported({ ControllerAddress: 'unix:path=/run/x' }), {
    lines: [],
    notes: [/agents dial HOST:PORT/],
  });
  t.match(imported({ ControllerAddress: 'tcp:host=a b' }), { lines: [], notes: [/expected a DNS name/] });
});

t.test('everything else is told', async (t) => {
  const { lines, notes } = imported({
    NodeName: 'Bad..Name',
    HeartbeatInterval: '2000',
    LogLevel: 'x',
    Other: '',
  });
  t.same(lines, []);
  t.match(notes, [/left out/, /expected DEBUG/, /the manager says how often/, /neither/]);
});
