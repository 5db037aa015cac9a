/** docs/config.md: every key of hecate.yaml, from the schema that checks the file. */
import { stringify } from 'yaml';
import { describeKeys } from '../../manager/src/config/config-schema.ts';
import {
  definitionName,
  insideOf,
  type KeySchema,
  resolved,
  valuesOf,
} from '../../manager/src/config/key-schema.ts';
import { type ConfigKey, reloadBehaviour } from '../../manager/src/config/plan-reload.ts';
import { type Definition, definitionsOf } from './config-definitions.ts';

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

/** What is described once, at the end of the page, and stands in several places. */
const link = (name: string): string => `[${name}](#${name})`;

function itemsOf({ items }: KeySchema): string {
  const name = items && definitionName(items);
  if (name !== undefined) return link(name);
  return items?.properties ? 'maps' : 'texts';
}

function typeOf(schema: KeySchema): string {
  const name = definitionName(schema);
  if (name !== undefined) return link(name);
  if (schema.enum) return schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.type === 'array') return `list of ${itemsOf(schema)}`;
  if (valuesOf(schema)) return 'map of names';
  return (
    { string: 'text', integer: 'whole number', number: 'number', boolean: '`true` or `false`' }[
      schema.type ?? ''
    ] ?? 'map'
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

const levelMax = 6;

/** One key. `key` is its whole path, `level` the number of #. */
function section(
  root: KeySchema,
  key: string,
  isRequired: boolean,
  level: number,
  child: KeySchema,
): string[] {
  const schema = resolved(root, child);
  const name = key.split('.').at(-1) ?? key;
  const facts = [
    `- Type: ${typeOf(child)}`,
    schema.properties ? '' : defaultLine(schema, isRequired),
    schema.example === undefined ? '' : `- Example: \`${name}: ${schema.example}\``,
    reloadLine(key),
  ];
  const heading = `${'#'.repeat(level)} \`${key}\``;
  const text = [heading, '', schema.description ?? '', '', ...facts.filter((fact) => fact !== ''), ''];
  const { schema: inner, key: innerKey } = insideOf(child, key);
  return [...text, ...sections(root, inner, `${innerKey}.`, Math.min(level + 1, levelMax))];
}

function sections(root: KeySchema, schema: KeySchema, prefix: string, level: number): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    section(root, prefix + name, schema.required?.includes(name) ?? false, level, child),
  );
}

/** What stands in several places, under its own name, without the keys that another one has just so. */
function definitionSection(root: KeySchema, { name, schema, includes }: Definition): string[] {
  const others = Object.entries(schema.properties ?? {}).filter(([key]) => !includes?.keys.includes(key));
  const inherited =
    includes === undefined ? [] : [`It has the keys of ${link(includes.name)}, and these:`, ''];
  const own = { ...schema, properties: Object.fromEntries(others) };
  const head = [`## \`${name}\``, '', schema.description ?? '', ''];
  return [...head, ...inherited, ...sections(root, own, `${name}.`, 3)];
}

export function generateConfigReference(): string {
  const root = describeKeys();
  const definitions = definitionsOf(root).flatMap((definition) => definitionSection(root, definition));
  const text = [intro, ...sections(root, root, '', 2), ...definitions].join('\n');
  return `${text.trimEnd()}\n`;
}
