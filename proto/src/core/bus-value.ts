/** D-Bus values in a form that loses nothing, and their way over the wire. */
import type { BusData as WireData, BusValue as WireValue } from '../generated/wire.ts';

/**
 * boolean · number (y n q i u d h) · bigint (x t) · string (s o g) · Uint8Array (ay) · array (a…, structs;
 * a dictionary a{kv} is an array of [key, value]) · BusValue (v).
 */
export type BusData = boolean | number | bigint | string | Uint8Array | BusData[] | BusValue;

export interface BusValue {
  signature: string;
  value: BusData;
}

const isVariant = (value: BusData): value is BusValue =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);

function encodeData(value: BusData): WireData {
  switch (typeof value) {
    case 'boolean':
      return { data: { case: 'boolean', value } };
    case 'number':
      return { data: { case: 'number', value } };
    case 'bigint':
      return { data: { case: 'integer64', value: value.toString() } };
    case 'string':
      return { data: { case: 'text', value } };
  }
  if (value instanceof Uint8Array) return { data: { case: 'bytes', value } };
  if (isVariant(value)) return { data: { case: 'variant', value: busValueToWire(value) } };
  return { data: { case: 'list', value: { items: value.map(encodeData) } } };
}

export const busValueToWire = (value: BusValue): WireValue => ({
  signature: value.signature,
  data: encodeData(value.value),
});

/** @throws TypeError when a value is missing, or is not the integer that it says it is. */
function decodeData(wire: WireData | undefined): BusData {
  const data = wire?.data;
  switch (data?.case) {
    case 'boolean':
    case 'number':
    case 'text':
    case 'bytes':
      return data.value;
    case 'integer64':
      if (!/^-?\d{1,20}$/.test(data.value)) throw new TypeError('a 64-bit integer that is none');
      return BigInt(data.value);
    case 'list':
      return data.value.items.map(decodeData);
    case 'variant':
      return busValueFromWire(data.value);
    case undefined:
      throw new TypeError('a D-Bus value without a value');
  }
}

export const busValueFromWire = (wire: WireValue): BusValue => ({
  signature: wire.signature,
  value: decodeData(wire.data),
});
