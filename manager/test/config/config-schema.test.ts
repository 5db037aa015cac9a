import t from 'tap';
import { stringify } from 'yaml';
import { configJsonSchema, describeKeys } from '../../src/config/config-schema.ts';
import type { KeySchema } from '../../src/config/key-schema.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { findingsOf } from './findings-of.ts';

/** Each key with its path: `trust.token_lifetime`, `sockets[].path`. */
function everyKey(schema: KeySchema, path: string[] = []): [string[], KeySchema][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const here = [...path, name];
    return [[here, child] as [string[], KeySchema], ...everyKey(child, here)];
  });
}

t.test('every key says what it is for and has an example that is valid', async (t) => {
  for (const [path, { description, example }] of everyKey(describeKeys())) {
    t.match(description, /\.$/, `${path.join('.')}: a sentence`);
    const indented = path.map((name, depth) => `${'  '.repeat(depth)}${name}:`).join('\n');
    t.strictSame(findingsOf(`${indented} ${example}`), ['valid'], path.join('.'));
  }
});

t.test('every default that is shown is what an empty file gives', async (t) => {
  const shown: Record<string, unknown> = {};
  for (const [path, schema] of everyKey(describeKeys())) {
    if (schema.properties || schema.default === undefined) continue;
    const [first = '', second] = path;
    if (second === undefined) shown[first] = schema.default;
    else shown[first] = { ...(shown[first] as object), [second]: schema.default };
  }
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
