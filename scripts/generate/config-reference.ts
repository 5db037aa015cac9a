/** docs/config.md: every key of hecate.yaml, from the schema that checks the file. */
import { stringify } from 'yaml';
import { describeKeys } from '../../manager/src/config/config-schema.ts';
import type { KeySchema } from '../../manager/src/config/key-schema.ts';
import { type ConfigKey, reloadBehaviour } from '../../manager/src/config/plan-reload.ts';

const intro = `<!-- Generated from manager/src/config by npm run generate: do not edit. -->
# Configuration of the manager

\`hecate-manager\` reads \`/etc/hecate/hecate.yaml\`; \`hecate-manager --check --config FILE\` checks a file. Every key
has a default: an empty file is a valid one. Unknown keys are errors, and every error names file, line, column and
key, what was found, what was expected, and what to write.

- Durations are one whole number and one unit: \`500ms\`, \`5s\`, \`15m\`, \`1h\`, \`90d\`.
- Addresses are an IP address and a port: \`0.0.0.0:2020\`, \`[::]:2020\`.
- File permissions are quoted: \`"0660"\`. YAML takes an unquoted 0660 for the number 660.
- Anchors and aliases are refused.

\`systemctl reload hecate-manager\` (SIGHUP) takes up what can change while it runs, and names in its log what cannot.
An editor that knows JSON schema checks while you type: \`manager/config.schema.json\`.
`;

const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();

function typeOf(schema: KeySchema): string {
  if (schema.enum) return schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.type === 'array') return `list of ${schema.items?.properties ? 'maps' : 'texts'}`;
  return (
    { string: 'text', integer: 'whole number', boolean: '`true` or `false`' }[schema.type ?? ''] ?? 'map'
  );
}

function reloadLine(key: string): string {
  if (!Object.hasOwn(reloadBehaviour, key)) return '';
  const { live, text } = reloadBehaviour[key as ConfigKey];
  return live ? `- On reload: taken up; ${text}.` : `- On reload: refused, it takes a restart: ${text}.`;
}

function defaultLine(schema: KeySchema, isRequired: boolean): string {
  if (isRequired) return '- Must be given.';
  return schema.default === undefined ? '' : `- Default: \`${inline(schema.default)}\``;
}

/** One key. `key` is its whole path, `level` the number of #. */
function section(key: string, schema: KeySchema, isRequired: boolean, level: number): string[] {
  const name = key.split('.').at(-1) ?? key;
  const facts = [
    `- Type: ${typeOf(schema)}`,
    schema.properties ? '' : defaultLine(schema, isRequired),
    schema.example === undefined ? '' : `- Example: \`${name}: ${schema.example}\``,
    reloadLine(key),
  ];
  const heading = `${'#'.repeat(level)} \`${key}\``;
  const text = [heading, '', schema.description ?? '', '', ...facts.filter((fact) => fact !== ''), ''];
  const inner = schema.items?.properties ? schema.items : schema;
  const prefix = schema.items?.properties ? `${key}[].` : `${key}.`;
  return [...text, ...sections(inner, prefix, level + 1)];
}

function sections(schema: KeySchema, prefix: string, level: number): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    section(prefix + name, child, schema.required?.includes(name) ?? false, level),
  );
}

export function generateConfigReference(): string {
  const text = [intro, ...sections(describeKeys(), '', 2)].join('\n');
  return `${text.trimEnd()}\n`;
}
