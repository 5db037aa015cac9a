/** The description of a key, and of what is inside it, as error messages and the reference page need it. */
import type { KeyPath } from './finding.ts';

/** A JSON schema, as far as ours goes. */
export interface KeySchema {
  readonly type?: string;
  readonly description?: string;
  /** The value as YAML. */
  readonly example?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly required?: readonly string[];
  readonly items?: KeySchema;
  /** Of a map whose keys are names: what stands behind each. False: no other keys. */
  readonly additionalProperties?: KeySchema | boolean;
  /** `#/$defs/condition`: what is described once and stands in several places. */
  readonly $ref?: string;
  /** At the root. */
  readonly $defs?: Readonly<Record<string, KeySchema>>;
}

/** The name of a definition that the key refers to. */
export const definitionName = ({ $ref }: KeySchema): string | undefined => $ref?.replace('#/$defs/', '');

/** With what the key refers to; its own words go before those of the definition. */
export function resolved(root: KeySchema, schema: KeySchema): KeySchema {
  const name = definitionName(schema);
  return name === undefined ? schema : { ...root.$defs?.[name], ...schema };
}

/** What stands behind each name of a map of names. */
export const valuesOf = ({ additionalProperties }: KeySchema): KeySchema | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined;

/** Whose keys stand inside a key: those of a list's items, of what is behind each name, its own; with the path of it. */
export function insideOf(schema: KeySchema, key: string): { schema: KeySchema; key: string } {
  const values = valuesOf(schema);
  if (values) return { schema: values, key: `${key}.NAME` };
  return schema.items ? { schema: schema.items, key: `${key}[]` } : { schema, key };
}

/** The description of a place in the file; undefined: there is no such key. */
export function schemaAt(root: KeySchema, path: KeyPath): KeySchema | undefined {
  return path.reduce<KeySchema | undefined>((schema, part) => {
    if (schema === undefined) return undefined;
    const child =
      typeof part === 'number' ? schema.items : (schema.properties?.[String(part)] ?? valuesOf(schema));
    return child && resolved(root, child);
  }, root);
}
