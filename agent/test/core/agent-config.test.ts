import t from 'tap';
import { defaultConfig, parseAgentConfig, parseManager } from '../../src/core/agent-config.ts';

const parse = (...lines: string[]) => parseAgentConfig(['[Agent]', ...lines].join('\n'), 'agent.conf');
const problem = (...lines: string[]): string => {
  try {
    parse(...lines);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

t.test('an empty file means the defaults', async (t) => t.same(parse(), defaultConfig));

t.test('every key', async (t) => {
  t.same(
    parse(
      'NodeName=web1',
      'Manager=manager.lan',
      'Manager=192.0.2.1:3030 [2001:db8::1]:2020',
      'Bus=user',
      'IdentityDirectory=/i',
      'StateDirectory=/s',
      'PolicyFile=/p',
      'LogLevel=debug',
    ),
    {
      nodeName: 'web1',
      managers: [
        { host: 'manager.lan', port: 2020 },
        { host: '192.0.2.1', port: 3030 },
        { host: '2001:db8::1', port: 2020 },
      ],
      bus: 'user',
      identityDirectory: '/i',
      stateDirectory: '/s',
      policyFile: '/p',
      isPolicyFileNamed: true,
      logLevel: 'debug',
      plainLoopback: false,
    },
  );
  t.equal(parse('StateDirectory=/s').identityDirectory, '/s/identity', 'goes along with the state');
});

t.test('plain is for loopback only, and must be asked for', async (t) => {
  t.equal(parse('PlainLoopback=yes', 'Manager=127.0.0.1:1', 'NodeName=a').plainLoopback, true);
  t.match(problem('PlainLoopback=yes', 'Manager=10.0.0.1', 'NodeName=a'), /agent\.conf:2: .*loopback only/);
  t.match(problem('PlainLoopback=yes', 'Manager=127.0.0.1.evil.example', 'NodeName=a'), /loopback only/);
  t.match(problem('PlainLoopback=yes', 'Manager=127.0.0.1'), /set NodeName=/);
});

t.test('errors say file, line, what was found and what was expected', async (t) => {
  const cases: [string, RegExp][] = [
    ['Bus=session', /^agent\.conf:2: Bus=session: expected system or user$/],
    ['Manager=a:99999', /host:port/],
    ['Manager=-', /host:port/],
    ['LogLevel=loud', /expected one of error, warn, info, debug/],
    ['PlainLoopback=perhaps', /expected yes or no/],
    ['StateDirectory=relative', /absolute path/],
    ['NodeName=Web_1', /NodeName=: "Web_1" is not a node name/],
    ['Bus=user\nBus=user', /agent\.conf:3: Bus= is set twice/],
    [Array.from({ length: 17 }, () => 'Manager=a').join('\n'), /more than 16 managers/],
  ];
  for (const [line, expected] of cases) t.match(problem(line), expected, line.slice(0, 40));
});

t.test('addresses', async (t) => {
  t.same(parseManager('::1'), undefined, 'an IPv6 address needs its brackets');
  t.same(parseManager('[::1]'), { host: '::1', port: 2020 });
});
