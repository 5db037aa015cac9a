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
  return { text: text(value), json: { type: signature, value: json(value) } };
}
