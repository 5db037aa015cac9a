/** Holds what hecatectl prints against its published JSON schema; zod is the judge. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const folder = resolve(import.meta.dirname, '../../schema');

/** @returns what is wrong with the value; undefined when it is as the schema says */
export function schemaProblem(name: string, value: unknown): string | undefined {
  const schema = JSON.parse(readFileSync(resolve(folder, `${name}.json`), 'utf8'));
  const result = z.fromJSONSchema(schema).safeParse(value);
  return result.success ? undefined : z.prettifyError(result.error);
}
