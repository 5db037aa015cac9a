/** Properties the way `systemctl show` writes them, and in a form that JSON keeps exact. */
import { type BusData, type BusValue, busValueFromWire } from '@hecate/proto/core/bus-value.ts';
import type { BusValue as WireValue } from '@hecate/proto/generated/wire.ts';

const isVariant = (data: BusData): data is BusValue =>
  typeof data === 'object' && !Array.isArray(data) && !(data instanceof Uint8Array);

/** systemd's "not set" of a 64-bit counter (UINT64_MAX). */
const unset = 0xffff_ffff_ffff_ffffn;

function text(data: BusData): string {
  if (typeof data === 'boolean') return data ? 'yes' : 'no';
  if (data === unset) return 'infinity';
  if (data instanceof Uint8Array) return hexadecimal(data);
  if (Array.isArray(data)) return data.map(nested).join(' ');
  return isVariant(data) ? text(data.value) : String(data);
}

function nested(data: BusData): string {
  if (Array.isArray(data)) return `{ ${data.map(nested).join(' ; ')} }`;
  return text(data);
}

/** systemd's shell_maybe_quote: lists of strings are written so that a shell would take them apart again. */
function shellQuoted(word: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: systemd quotes them
  if (!/[\x00-\x20\x7f"\\`$*?['()<>|&;!]/.test(word)) return word;
  return `"${word.replace(/["\\`$]/g, '\\$&')}"`;
}

const isWords = (signature: string, data: BusData): data is string[] =>
  signature === 'as' && Array.isArray(data);

const hexadecimal = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** 64-bit integers as decimal text: a JSON number would lose bits in most readers. */
function json(data: BusData): unknown {
  if (typeof data === 'bigint') return data.toString();
  if (data instanceof Uint8Array) return hexadecimal(data);
  if (Array.isArray(data)) return data.map(json);
  return isVariant(data) ? { type: data.signature, value: json(data.value) } : data;
}

export interface ShownProperty {
  readonly text: string;
  readonly json: { readonly type: string; readonly value: unknown };
}

/** @throws TypeError when the value is not one */
export function showBusValue(wire: WireValue | undefined): ShownProperty {
  if (!wire) return { text: '', json: { type: '', value: null } };
  const { signature, value } = busValueFromWire(wire);
  const shown = isWords(signature, value) ? value.map(shellQuoted).join(' ') : text(value);
  return { text: shown, json: { type: signature, value: json(value) } };
}
