/** What the configuration's schema describes once and uses in several places. */
import type { KeySchema } from '../../manager/src/config/key-schema.ts';

export interface Definition {
  readonly name: string;
  readonly schema: KeySchema;
  /** Another definition, all of whose keys it has, just so. */
  readonly includes: { readonly name: string; readonly keys: readonly string[] } | undefined;
}

/** In the order in which a reader comes upon them. */
function referenced(root: KeySchema): string[] {
  const names: string[] = [];
  const visit = (schema: unknown): void => {
    for (const [, name = ''] of JSON.stringify(schema ?? {}).matchAll(/"#\/\$defs\/([^"]+)"/g)) {
      if (!names.includes(name)) names.push(name);
    }
  };
  visit(root.properties);
  for (const name of names) visit(root.$defs?.[name]);
  return names;
}

function hasAll(schema: KeySchema, other: KeySchema): boolean {
  const same = ([key, value]: [string, KeySchema]): boolean =>
    JSON.stringify(schema.properties?.[key]) === JSON.stringify(value);
  return Object.entries(other.properties ?? {}).every(same);
}

const keysOf = (schema: KeySchema): string[] => Object.keys(schema.properties ?? {});

/** The one with the most keys of those that are wholly in this one. */
function includedIn(root: KeySchema, name: string): Definition['includes'] {
  const schema = root.$defs?.[name] ?? {};
  const [largest] = Object.entries(root.$defs ?? {})
    .filter(([other, { properties }]) => other !== name && properties !== undefined)
    .filter(([, other]) => keysOf(other).length < keysOf(schema).length && hasAll(schema, other))
    .map(([other, { properties = {} }]) => ({ name: other, keys: Object.keys(properties) }))
    .sort((a, b) => b.keys.length - a.keys.length || (a.name < b.name ? -1 : 1));
  return largest;
}

export const definitionsOf = (root: KeySchema): Definition[] =>
  referenced(root).map((name) => ({
    name,
    schema: root.$defs?.[name] ?? {},
    includes: includedIn(root, name),
  }));
