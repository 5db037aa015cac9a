import { HecateError } from './errors.ts';

declare const nodeNameBrand: unique symbol;
declare const unitNameBrand: unique symbol;
declare const opIdBrand: unique symbol;
/** A valid node name: it is in a certificate, in file names and in metrics labels. */
export type NodeName = string & { readonly [nodeNameBrand]: true };
/** A valid, complete systemd unit name, suffix included. */
export type UnitName = string & { readonly [unitNameBrand]: true };
/** 26 characters: 10 of time, 16 of randomness (ULID's alphabet), so that a listing sorts by age. */
export type OpId = string & { readonly [opIdBrand]: true };

const nodeNamePattern = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

/** @throws HEC_BAD_NAME */
export function parseNodeName(text: string): NodeName {
  if (!nodeNamePattern.test(text) || text.includes('..')) {
    throw new HecateError(
      'HEC_BAD_NAME',
      `${JSON.stringify(text.slice(0, 80))} is not a node name: expected 1 to 63 of a-z, 0-9, "-" and ".", beginning and ending with a letter or digit`,
      'use the name the node was enrolled with: hecatectl node list',
    );
  }
  return text as NodeName;
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const opIdPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** @throws HEC_USAGE */
export function parseOpId(text: string): OpId {
  if (!opIdPattern.test(text)) {
    throw new HecateError(
      'HEC_USAGE',
      `${JSON.stringify(text.slice(0, 80))} is not an operation id`,
      'hecatectl prints it with every operation',
    );
  }
  return text as OpId;
}

/** The wall clock that an operation id was made by. */
export function timeOfOpIdMs(opId: OpId): number {
  let time = 0;
  for (const character of opId.slice(0, 10)) time = time * 32 + crockford.indexOf(character);
  return time;
}

/** An operation id out of the wall clock (only to sort by) and 10 random bytes that the caller brings. */
export function makeOpId(wallClockMs: number, random: Uint8Array): OpId {
  let time = '';
  for (let rest = Math.floor(wallClockMs), i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) {
    time = (crockford[rest % 32] ?? '0') + time;
  }
  let tail = '';
  let bits = 0;
  let value = 0;
  for (const byte of random.subarray(0, 10)) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      tail += crockford[(value >>> bits) & 31] ?? '0';
    }
  }
  return parseOpId(time + tail);
}
