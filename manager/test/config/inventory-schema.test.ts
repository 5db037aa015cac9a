import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import { findingsOf } from './findings-of.ts';

/** The one finding of a text, or all of them in one line. */
const finding = (text: string): string => findingsOf(text).join(' | ');

const long = 'a'.repeat(64);

const keys: Record<string, { good: string[]; bad: string[]; expected: RegExp }> = {
  role: {
    good: ['server', 'agent', 'storage', 'coordinator', 'other'],
    bad: ['master', '1', '[server]'],
    expected: /expected one of server, agent, storage, coordinator, other; write for example role: server/,
  },
  units: {
    good: ['[k3s]', '[k3s.service, "getty@tty1.service"]'],
    bad: ['[]', '["k3s*"]', '[1]', '["a/b"]', '[k3s, k3s.service]', 'k3s'],
    expected: /expected (a list of 1 to 64 units|the name of a unit|each of the units once)/,
  },
  mac_address: {
    good: ['"52:54:00:12:34:56"', '52-54-00-AB-cd-56'],
    bad: ['"52:54:00:12:34"', '"52:54:00:12:34-56"', '"01:00:5e:00:00:01"', '"ff:ff:ff:ff:ff:ff"', '5', 'x'],
    expected: /expected the MAC address of one network card/,
  },
  wake_address: { good: ['192.0.2.255'], bad: ['"::1"', 'lan', '1.2.3'], expected: /an IPv4 address/ },
  address: {
    good: ['srv-1.lan', '192.0.2.1', '"2001:db8::1"'],
    bad: ['"a b"', '1.2.3', '"srv-1:22"', '""'],
    expected: /a DNS name or an IP address/,
  },
  probe_port: { good: ['1', '65535'], bad: ['0', '65536', '"22"', '1.5'], expected: /from 1 to 65535/ },
  depends_on: {
    good: ['[]', '[nas]', '[nas, other]'],
    bad: ['[nix]', '[a]', '[nas, nas]', 'nas', '["role:storage"]'],
    expected: /the name of another node|each of the nodes once|a list of 0|a node name/,
  },
};

for (const [key, { good, bad, expected }] of Object.entries(keys)) {
  t.test(key, async (t) => {
    const file = (value: string) =>
      `inventory: [{ name: nas }, { name: other },\n { name: a, ${key}: ${value} }]`;
    for (const value of good) t.equal(finding(file(value)), 'valid', value);
    for (const value of bad) {
      t.match(finding(file(value)), expected, value);
      t.match(finding(file(value)), /^f:2:\d+: inventory\[2\]\./, value);
    }
  });
}

t.test('names: what agents are called, each once, and none that means every node', async (t) => {
  t.equal(finding('inventory: [{ name: a }, { name: b.c }]'), 'valid');
  t.match(
    finding('inventory:\n - name: a\n - name: a\n'),
    /^f:3:4: inventory\[1\]: .*expected each of the nodes once/,
  );
  t.match(finding('inventory: [{ name: all }]'), /\[0\]\.name: found "all", expected a name other than all/);
  t.match(finding(`inventory: [{ name: ${long} }]`), /expected a node name/);
  t.match(
    finding('inventory: [{ role: server }]'),
    /inventory\[0\]\.name: found nothing, expected a node name/,
  );
  t.match(
    finding('inventory: [{ nam: a, name: b }]'),
    /inventory\[0\]\.nam: found an unknown key, .*did you mean name\?/,
  );
});

t.test('the order in which nodes, dependencies and hooks are written means nothing', async (t) => {
  const read = (text: string) => {
    const result = parseConfig(text, 'host');
    if ('findings' in result) throw new Error(finding(text));
    const { nodes, hooks } = result.config.inventory;
    return {
      nodes: nodes.map(({ name, dependsOn }) => [name, dependsOn]),
      hooks: hooks.map(({ name }) => name),
    };
  };
  const expected = {
    nodes: [
      ['a', []],
      ['b', []],
      ['c', ['a', 'b']],
    ],
    hooks: ['x', 'y'],
  };
  const x = 'x: { command: [/x] }';
  const y = 'y: { command: [/y] }';
  const c = '{ name: c, depends_on: [a, b] }';
  t.strictSame(read(`inventory: [{ name: a }, { name: b }, ${c}]\nhooks: { ${x}, ${y} }`), expected);
  const turned = '{ name: c, depends_on: [b, a] }';
  t.strictSame(read(`inventory: [${turned}, { name: b }, { name: a }]\nhooks: { ${y}, ${x} }`), expected);
});

t.test('a dependency that is near one that is there', async (t) => {
  t.match(
    finding('inventory:\n  - name: nas\n  - name: srv-1\n    depends_on: [nes]\n'),
    /^f:4:18: inventory\[1\]\.depends_on\[0\]: found "nes", expected the name of another node of the inventory; did you mean nas\?$/,
  );
});

t.test('one coordinator at most', async (t) => {
  t.match(
    finding('inventory:\n  - { name: a, role: coordinator }\n  - { name: b, role: coordinator }\n'),
    /^f:3:16: inventory\[1\]\.role: found "coordinator", expected at most one coordinator, and a is it;/,
  );
});

t.test('one network card, one node', async (t) => {
  const text =
    'inventory:\n  - { name: a, mac_address: 52-54-00-00-00-01 }\n  - { name: b, mac_address: "52:54:00:00:00:01" }';
  t.match(
    finding(text),
    /^f:3:16: inventory\[1\]\.mac_address: .*expected another MAC address than that of a;/,
  );
});

t.test('nodes of the inventory may connect, where it is said who may', async (t) => {
  const inventory = 'inventory:\n  - name: a\n  - name: b\n';
  t.equal(finding(`nodes: [b, a, c]\n${inventory}`), 'valid');
  t.equal(finding(inventory), 'valid');
  t.match(
    finding(`nodes: [a]\n${inventory}`),
    /^f:4:5: inventory\[1\]\.name: found "b", expected one of nodes: .*; add b to nodes$/,
  );
});

t.test('hooks: absolute commands by name', async (t) => {
  for (const value of [
    '{}',
    '{ a: { command: [/b] } }',
    '{ a-1: { command: [/b, "", c d], repeatable: true } }',
  ]) {
    t.equal(finding(`hooks: ${value}`), 'valid', value);
  }
  t.match(
    finding('hooks:\n  cordon: { command: [cordon] }'),
    /^f:2:23: hooks\.cordon\.command\[0\]: found "cordon", expected the absolute path/,
  );
  t.match(
    finding('hooks: { a: { command: [] } }'),
    /expected a list of 1 to 256 words: the absolute path of a program/,
  );
  t.match(finding('hooks: { a: { command: /b c } }'), /found "\/b c", expected a list of/);
  t.match(
    finding('hooks: { a: { command: [/sleep, 5] } }'),
    /command\[1\]: found the number 5 without quotes/,
  );
  t.match(finding('hooks: { a: {} }'), /hooks\.a\.command: found nothing/);
  t.match(finding('hooks: { a: { command: [/b], repeatabel: true } }'), /did you mean repeatable\?/);
  t.match(
    finding('hooks:\n  ok: { command: [/b] }\n  Cordon All: { command: [/b] }'),
    /^f:3:3: hooks\.Cordon All: found the name "Cordon All", expected a name: 1 to 63 of a-z.*; name it otherwise$/,
  );
  t.match(finding('hooks:\n  __proto__: { command: [/b] }'), /^f:2:3: __proto__: found an unknown key/);
  const many = Array.from({ length: 65 }, (_, i) => `a${i}: { command: [/b] }`).join(', ');
  t.match(finding(`hooks: { ${many} }`), /expected at most 64 hooks/);
});
