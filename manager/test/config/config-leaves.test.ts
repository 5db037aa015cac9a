/** Each kind of value, both ways, through the whole file. */
import t from 'tap';
import { findingsOf } from './findings-of.ts';

const long = 'a'.repeat(64);

const cases: Record<string, { good: string[]; bad: string[]; expected: RegExp }> = {
  site: {
    good: ['home', 'Site-1.b_c', '"42"'],
    bad: ['""', '-x', '"a b"', '42', '[a]', long],
    expected: /a name of 1 to 63/,
  },
  listen: {
    good: ['["0.0.0.0:2020"]', '["[::]:2020", "127.0.0.1:0"]', '[0.0.0.0:65535]'],
    bad: [
      '[]',
      '["manager.lan:2020"]',
      '[2020]',
      '["0.0.0.0"]',
      '["0.0.0.0:65536"]',
      '[":::1"]',
      '["1.2.3:1"]',
      '["::1:20"]',
      '["[127.0.0.1]:1"]',
      '["256.0.0.1:1"]',
      '["127.0.0.1:01"]',
    ],
    expected: /a list of 1 to 16 addresses|an IP address and a port/,
  },
  names: {
    good: ['[manager.lan, 192.0.2.10, "2001:db8::1"]', '[a]'],
    bad: ['[]', '["a b"]', '["-a"]', '["a..b"]', '["a:2020"]', '["1.2.3.4.5"]', '["*.lan"]', `["${long}"]`],
    expected: /a list of 1 to 32 names|a DNS name or an IP address/,
  },
  nodes: {
    good: ['[]', '[node-a, node.b, "12"]'],
    bad: ['[Node]', '[12]', '["a/b"]', '[null]', 'a'],
    expected: /node name/,
  },
  plain_loopback_listen: {
    good: ['127.0.0.1:2021', '127.1.2.3:2021', '"[::1]:2021"', '"[0:0:0:0:0:0:0:1]:1"'],
    bad: [
      '0.0.0.0:2021',
      '192.0.2.1:2021',
      '"[::]:2021"',
      '"[fe80::1]:1"',
      '"[1::1]:1"',
      '"[::2:1]:1"',
      'localhost:2021',
      'true',
      '"[::ffff:127.0.0.1]:1"',
    ],
    expected: /loopback/,
  },
  heartbeat_interval: {
    good: ['100ms', '5s', '1m'],
    bad: ['99ms', '61s', '5', '5 s', '0s', '-1s', 'soon'],
    expected: /a duration from 100ms to 1m/,
  },
  operations: {
    good: ['{}', '{ time_limit: 1d, log_lines: 0 }', '{ log_lines: 100 }'],
    bad: [
      '{ time_limit: 2d }',
      '{ log_lines: 101 }',
      '{ log_lines: 1.5 }',
      '{ log_lines: -1 }',
      '{ log_lines: "10" }',
      '{ log_lines: .inf }',
      '[]',
      '5',
    ],
    expected: /a duration from 100ms to 1d|a whole number from 0 to 100|a map of keys/,
  },
  metrics: {
    good: ['{ enabled: false }', '{ listen: "[::1]:9560" }'],
    bad: ['false', '{ enabled: yes }', '{ listen: 9560 }'],
    expected: /a map of keys|true or false|an IP address/,
  },
  log: {
    good: ['{ level: debug }'],
    bad: ['{ level: Debug }', '{ level: 3 }', '{ level: }'],
    expected: /one of debug, info, warn, error/,
  },
  audit: {
    good: ['{ file: /a/b }'],
    bad: ['{ file: a/b }', '{ file: "" }', '{ file: "/a\\0b" }', '{ file: ~/a }'],
    expected: /an absolute path/,
  },
  state_directory: { good: ['/x'], bad: ['x', '~', `/${'x'.repeat(4000)}`], expected: /an absolute path/ },
  trust: {
    good: ['{ certificate_lifetime: 1s, authority_lifetime: 1s, token_lifetime: 5s }', '{}'],
    bad: [
      '{ token_lifetime: 0s }',
      '{ token_lifetime: 8d }',
      '{ certificate_lifetime: 9d, authority_lifetime: 8d }',
    ],
    expected: /a duration from 1s to 7d|within that of the authority/,
  },
  sockets: {
    good: [
      '[]',
      '[{ path: /run/s, role: viewer, mode: "0666" }]',
      '[{ path: /run/s, role: operator, mode: "0660", group: hecate }, { path: /run/t, role: admin }]',
    ],
    bad: [
      '[{ path: run/s, role: viewer }]',
      `[{ path: /${'s'.repeat(107)}, role: viewer }]`,
      '[{ role: viewer }]',
      '[{ path: /run/s }]',
      '[{ path: /run/s, role: root }]',
      '[{ path: /run/s, role: admin, mode: "0666" }]',
      '[{ path: /run/s, role: operator, mode: "0601" }]',
      '[{ path: /run/s, role: admin, mode: 0600 }]',
      '[{ path: /run/s, role: admin, mode: "0800" }]',
      '[{ path: /run/s, role: admin, mode: "4755" }]',
      '[{ path: /run/s, role: admin, group: "a b" }]',
      '[{ path: /run/s, role: admin }, { path: /run/s, role: viewer }]',
      '/run/s',
    ],
    expected: /absolute path|one of viewer|permissions|octal|group|once|a list of/,
  },
};

for (const [key, { good, bad, expected }] of Object.entries(cases)) {
  t.test(key, async (t) => {
    for (const value of good) t.same(findingsOf(`${key}: ${value}`), ['valid'], value);
    for (const value of bad) {
      const found = findingsOf(`${key}: ${value}`);
      t.equal(found.length, 1, `${value.slice(0, 60)}: one finding`);
      t.match(found[0], expected, value.slice(0, 60));
      t.match(found[0], /^f:1:\d+: .*found .*, expected .*; (write for example|did you mean|remove)/);
    }
  });
}

t.test('the same item twice in a list', async (t) => {
  t.match(findingsOf('nodes: [a, b, a]'), [
    /^f:1:15: nodes\[2\]: found "a", expected each of the node names once/,
  ]);
  t.match(findingsOf('listen: ["0.0.0.0:1", "0.0.0.0:1"]'), [/listen\[1\]/]);
});
