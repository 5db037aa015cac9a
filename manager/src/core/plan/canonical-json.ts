/** JSON of which there is one text for a value: keys sorted, nothing undefined, no white space (I13). */
import type { Plan } from './plan.ts';

/**
 * The one text of a value made of objects, arrays, strings, finite numbers, booleans and null. Keys whose value is
 * undefined are left out. Anything else is a fault of ours.
 * @throws TypeError
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
  }
  throw new TypeError(`${typeof value} has no canonical JSON`);
}

/** The bytes of a plan, as the text whose UTF-8 they are: what its digest is made of. */
export const planBytes = (plan: Plan): string => canonicalJson(plan);
