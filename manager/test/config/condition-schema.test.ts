import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import type { GateDeclaration } from '../../src/core/plan/sequence.ts';
import { findingsOf } from './findings-of.ts';

const finding = (text: string): string => findingsOf(text).join(' | ');

const file = (gate: string): string =>
  `sequences:\n  a:\n    stages:\n      - name: b\n        gate: { sentence: it is so, ${gate} }\n`;

function gateOf(gate: string): GateDeclaration {
  const result = parseConfig(file(gate), 'host');
  if ('findings' in result) throw new Error(finding(file(gate)));
  const action = result.config.sequences[0]?.stages[0]?.steps[0]?.action;
  if (action?.type !== 'gate') throw new Error('there is no gate');
  return action.gate;
}

const tcp = { type: 'tcp', host: 'a', port: 1 };

/** Each condition, as it is written and as it is understood. */
const conditions: Record<string, unknown> = {
  'unit: { nodes: ["role:agent"], units: [k3s], states: [inactive, failed] }': {
    type: 'unit',
    nodes: ['role:agent'],
    units: ['k3s.service'],
    states: ['inactive', 'failed'],
  },
  'unit: { nodes: [a], states: [active] }': {
    type: 'unit',
    nodes: ['a'],
    units: 'of-node',
    states: ['active'],
  },
  'node: { nodes: [all], state: online }': { type: 'node', nodes: ['all'], state: 'online' },
  'node: { nodes: [a], state: offline }': { type: 'node', nodes: ['a'], state: 'offline' },
  'tcp: { host: "2001:db8::1", port: 6443 }': { type: 'tcp', host: '2001:db8::1', port: 6443 },
  'http: { url: "https://127.0.0.1:6443/readyz" }': {
    type: 'http',
    url: 'https://127.0.0.1:6443/readyz',
    status: 200,
    bodyContains: '',
    isCertificateIgnored: false,
  },
  'http: { url: "http://a/", status: 404, body_contains: ok, ignore_certificate: true }': {
    type: 'http',
    url: 'http://a/',
    status: 404,
    bodyContains: 'ok',
    isCertificateIgnored: true,
  },
  'exec: { nodes: [a], command: [test, -e, /x] }': {
    type: 'exec',
    nodes: ['a'],
    argv: ['test', '-e', '/x'],
    exitStatus: 0,
  },
  'exec: { nodes: [a], command: [x], exit_status: 3 }': {
    type: 'exec',
    nodes: ['a'],
    argv: ['x'],
    exitStatus: 3,
  },
  'all: [{ tcp: { host: a, port: 1 } }]': { type: 'all', of: [tcp] },
  'any: [{ tcp: { host: a, port: 1 } }, { all: [{ tcp: { host: a, port: 1 } }] }]': {
    type: 'any',
    of: [tcp, { type: 'all', of: [tcp] }],
  },
  'at_least: { count: 2, of: [{ tcp: { host: a, port: 1 } }] }': { type: 'at-least', count: 2, of: [tcp] },
};

for (const [text, condition] of Object.entries(conditions)) {
  t.test(text, async (t) => {
    t.strictSame(gateOf(text), { sentence: 'it is so', condition, intervalMs: 2000, consecutive: 1 });
    t.match(gateOf(`any: [{ ${text} }]`), { condition: { of: [condition] } }, 'and within another');
  });
}

t.test('how often it looks, and how many looks must agree', async (t) => {
  const text = 'node: { nodes: [a], state: online }, every: 500ms, consecutive: 3';
  t.match(gateOf(text), { intervalMs: 500, consecutive: 3 });
});

t.test('that a node is off is seen twice, unless it says otherwise', async (t) => {
  const off = 'node: { nodes: [a], state: powered-off }';
  t.equal(gateOf(off).consecutive, 2);
  t.equal(gateOf(`all: [{ tcp: { host: a, port: 1 } }, { any: [{ ${off} }] }]`).consecutive, 2);
  t.equal(gateOf(`${off}, consecutive: 1`).consecutive, 1);
});

const wrong: [string, RegExp][] = [
  [
    'every: 1s',
    /\.gate: found a map of keys, expected exactly one condition: unit, node, .*, at_least; add one of them/,
  ],
  [
    'tcp: { host: a, port: 1 }, any: [{ tcp: { host: a, port: 1 } }]',
    /\.gate\.any: .*expected exactly one condition: .*; remove any/,
  ],
  ['any: [{}]', /\.gate\.any\[0\]: found a map of keys, expected exactly one condition/],
  [
    'any: [{ any: [{ tpc: {} }] }]',
    /\.gate\.any\[0\]\.any\[0\]\.tpc: found an unknown key, .*; did you mean tcp\?/,
  ],
  ['all: []', /expected a list of 1 to 64 conditions/],
  [
    'any: { tcp: { host: a, port: 1 } }',
    /\.any: found a map of keys, expected a list of 1 to 64 conditions; write for example any: \[/,
  ],
  ['at_least: { count: 0, of: [{ tcp: { host: a, port: 1 } }] }', /expected a whole number from 1 to 64/],
  [
    'unit: { nodes: [a] }',
    /\.unit\.states: found nothing, expected a list of 1 to 8 states; write for example states: /,
  ],
  [
    'unit: { nodes: [a], states: [running] }',
    /expected one of active, reloading, inactive, failed, activating/,
  ],
  ['unit: { nodes: [a], states: [active, active] }', /each of the states once/],
  ['node: { nodes: [a], state: "off" }', /expected one of online, offline, powered-off/],
  ['tcp: { host: a, port: 0 }', /from 1 to 65535/],
  ['tcp: { host: "a:1", port: 1 }', /a DNS name or an IP address/],
  ['http: { url: a }', /expected an http:\/\/ or https:\/\/ address/],
  ['http: { url: "https://me:secret@a/" }', /without user and password/],
  ['http: { url: "http://a/", status: 99 }', /from 100 to 599/],
  ['http: { url: "http://a/", body_contains: 1 }', /expected a text/],
  ['exec: { nodes: [a], command: [a], exit_status: 256 }', /from 0 to 255/],
  ['tcp: { host: a, port: 1 }, every: 10ms', /a duration from 100ms to 1h/],
  ['tcp: { host: a, port: 1 }, consecutive: 0', /a whole number from 1 to 100/],
  ['tcp: { host: a, port: 1 }, timeout: 1', /\.gate\.timeout: found the number 1 without quotes/],
];

for (const [text, expected] of wrong) {
  t.test(`refused: ${text}`, async (t) => {
    t.match(finding(file(text)), expected);
    t.match(finding(file(text)), /^f:5:\d+: sequences\.a\.stages\[0\]\.gate/);
    t.equal(findingsOf(file(text)).length, 1);
  });
}

t.test('a gate without a sentence', async (t) => {
  const text = 'sequences: { a: { stages: [{ name: b, gate: { tcp: { host: a, port: 1 } } }] } }';
  t.match(
    finding(text),
    /\.gate\.sentence: found nothing, expected a text of one line.*; write for example sentence: /,
  );
});

t.test('conditions that nest without end are an error with a place, not a crash', async (t) => {
  const nested = (depth: number): string =>
    file(`${'any: [{ '.repeat(depth)}tcp: { host: a, port: 1 }${' }]'.repeat(depth)}`);
  t.equal(finding(nested(8)), 'valid');
  t.match(
    finding(nested(30)),
    /^f:5:\d+: found a .* within 32 others, expected at most 32 within each other; write it flatter$/,
  );
  t.match(finding(nested(500)), /^f:5:\d+: found a .* within 32 others/);
});
