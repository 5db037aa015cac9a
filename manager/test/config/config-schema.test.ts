import t from 'tap';
import { parse, stringify } from 'yaml';
import { configJsonSchema, describeKeys } from '../../src/config/config-schema.ts';
import { insideOf, type KeySchema } from '../../src/config/key-schema.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { findingsOf } from './findings-of.ts';

interface Key {
  /** What it stands in: empty at the top, `inventory[]`, `hooks.NAME`, or the name of a definition. */
  readonly within: string;
  readonly name: string;
  readonly schema: KeySchema;
}

/** Each key that the schema describes, once. */
function keysWithin(schema: KeySchema, within: string): Key[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const inner = insideOf(child, within === '' ? name : `${within}.${name}`);
    return [{ within, name, schema: child }, ...keysWithin(inner.schema, inner.key)];
  });
}

const root = describeKeys();
const everyKey: Key[] = [
  ...keysWithin(root, ''),
  ...Object.entries(root.$defs ?? {}).flatMap(([name, schema]) => keysWithin(schema, name)),
];

const ups = (name: string) => ({ name, ups: 'ups@127.0.0.1' });
const nutUser = { user: 'hecate', password_file: '/password' };
const stages = (value: unknown): unknown => ({ sequences: { x: { stages: [value] } } });
const step = (value: object): unknown => stages({ name: 'a', steps: [value] });
const gate = (value: object): unknown => step({ gate: { sentence: 'it is so', ...value } });
const tcp = { host: 'a', port: 1 };

/** The least that may stand around a key of each, as a whole file. */
const around: Readonly<Record<string, (key: Record<string, unknown>) => unknown>> = {
  'sockets[]': (key) => ({ sockets: [{ path: '/s', role: 'viewer', ...key }] }),
  'inventory[]': (key) => ({
    inventory: [{ name: 'nas' }, { name: 'a', ...key }],
    power: { upses: [ups('rack-a'), ups('rack-b')] },
  }),
  'power.upses[]': (key) => ({ power: { upses: [{ ...ups('a'), ...nutUser, tls: 'required', ...key }] } }),
  'hooks.NAME': (key) => ({ hooks: { x: { command: ['/a'], ...key } } }),
  'sequences.NAME': (key) => ({ sequences: { x: { stages: [], ...key } } }),
  'sequences.NAME.stages[]': (key) => stages({ name: 'a', ...key }),
  'runs.notifications[]': (key) => ({
    runs: { notifications: [{ ...('events' in key ? { command: ['/a'] } : {}), ...key }] },
  }),
  step: (key) => step(Object.keys(key).some((name) => actions.has(name)) ? key : { wait: '1s', ...key }),
  action: (key) => step({ wait: '1s', escalate: [key] }),
  'stage-gate': (key) => stages({ name: 'a', gate: { sentence: 'b', ...withCondition(key) } }),
  gate: (key) => gate(withCondition(key)),
  condition: (key) => gate({ all: [key] }),
  'condition.at_least': (key) => gate({ at_least: { count: 1, of: [{ tcp }], ...key } }),
  'gate.at_least': (key) => gate({ at_least: { count: 1, of: [{ tcp }], ...key } }),
  'stage-gate.at_least': (key) => gate({ at_least: { count: 1, of: [{ tcp }], ...key } }),
  'unit-condition': (key) => gate({ unit: { nodes: ['a'], states: ['active'], ...key } }),
  'node-condition': (key) => gate({ node: { nodes: ['a'], state: 'online', ...key } }),
  'tcp-condition': (key) => gate({ tcp: { ...tcp, ...key } }),
  'http-condition': (key) => gate({ http: { url: 'http://a/', ...key } }),
  'exec-condition': (key) => gate({ exec: { nodes: ['a'], command: ['true'], ...key } }),
  'job-verb': (key) => step({ start: { nodes: ['a'], ...key } }),
  'signal-verb': (key) => step({ kill: { nodes: ['a'], ...key } }),
  'unit-verb': (key) => step({ freeze: { nodes: ['a'], ...key } }),
  'link-verb': (key) => step({ enable: { nodes: ['a'], ...key } }),
  'unlink-verb': (key) => step({ disable: { nodes: ['a'], ...key } }),
  'reload-verb': (key) => step({ 'daemon-reload': { nodes: ['a'], ...key } }),
  'host-verb': (key) => step({ wake: { nodes: ['a'], ...key } }),
  'power.forward': (key) => withForward(key),
  'exec-verb': (key) => step({ exec: { nodes: ['a'], command: ['sync'], ...key } }),
};

const withForward = (key: Record<string, unknown>): Record<string, unknown> => ({
  power: { forward: { to: ['a:1'], identity: '/a', ...key } },
});

const actions = new Set(Object.keys(root.$defs?.action?.properties ?? {}));
const conditions = new Set(Object.keys(root.$defs?.condition?.properties ?? {}));

const withCondition = (key: Record<string, unknown>): Record<string, unknown> =>
  Object.keys(key).some((name) => conditions.has(name)) ? key : { tcp, ...key };

t.test('every key says what it is for and has an example that is valid', async (t) => {
  t.ok(everyKey.length > 150, `${everyKey.length} keys`);
  for (const { within, name, schema } of everyKey) {
    const whole = `${within}.${name}`;
    const described = schema.$ref
      ? { ...root.$defs?.[schema.$ref.slice('#/$defs/'.length)], ...schema }
      : schema;
    t.match(described.description, /\.$/, `${whole}: a sentence`);
    const wrap = around[within];
    if (wrap) {
      const file = wrap({ [name]: parse(described.example ?? '') });
      t.strictSame(findingsOf(JSON.stringify(file)), ['valid'], whole);
    } else {
      const path = [...within.split('.').filter((part) => part !== ''), name];
      const indented = path.map((part, depth) => `${'  '.repeat(depth)}${part}:`).join('\n');
      t.strictSame(findingsOf(`${indented} ${described.example}`), ['valid'], whole);
    }
  }
});

t.test('every default that is shown is what an empty file gives', async (t) => {
  const shown: Record<string, unknown> = {};
  const plain = everyKey.filter(({ within }) => within === '' || root.properties?.[within]?.properties);
  for (const { within, name, schema } of plain) {
    if (schema.properties || schema.default === undefined) continue;
    if (within === '') shown[name] = schema.default;
    else shown[within] = { ...(shown[within] as object), [name]: schema.default };
  }
  t.strictSame(Object.keys(shown).sort(), [
    ...['audit', 'heartbeat_interval', 'hooks', 'inventory', 'listen', 'log', 'metrics', 'operations'],
    ...['power', 'runs', 'sequences', 'site', 'sockets', 'state_directory', 'trust'],
  ]);
  t.strictSame(parseConfig(stringify(shown), 'host'), parseConfig('', 'host'));
});

t.test('the JSON schema refuses unknown keys and keeps no keyword of ours', async (t) => {
  const text = JSON.stringify(configJsonSchema());
  t.match(text, '"additionalProperties":false');
  t.notMatch(text, '"example":');
  t.match(configJsonSchema(), {
    properties: { log: { properties: { level: { enum: ['debug', 'info', 'warn', 'error'] } } } },
  });
});
