/**
 * D-Bus messages ↔ bytes. The one file that imports the D-Bus library, and only its wire format: the library's
 * own connection ends the process on garbage or on a refused Hello, buffers without a limit, and makes objects
 * of dictionaries. Decoding is stricter than the library's: what it would read past, or for ever, is an error.
 */
import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import DBusBuffer from 'dbus-next/lib/dbus-buffer.js';
import wire from 'dbus-next/lib/message.js';
import signatures, { type TypeTree } from 'dbus-next/lib/signature.js';
import { countTypes } from './bus-signature.ts';

export const messageTypes = { call: 1, reply: 2, error: 3, signal: 4 } as const;
export const messageFlags = { noReplyExpected: 1, noAutoStart: 2 } as const;

/** Enough to know a message's length. */
export const headerBytes = 16;
/** ListUnits of 10,000 units is about 3 MB; D-Bus itself allows 128 MiB. */
export const messageBytesMax = 32 * 1024 * 1024;
const headerFieldsBytesMax = 64 * 1024;
/** Variants nest at run time, whatever the signature says; the specification's bound on depth. */
const depthMax = 64;
const littleEndian = 108;
const bigEndian = 66;

export interface BusMessage {
  type: number;
  flags: number;
  serial: number;
  path: string;
  interface: string;
  member: string;
  errorName: string;
  replySerial: number;
  destination: string;
  sender: string;
  signature: string;
  body: BusData[];
}

export interface OutgoingMessage extends Partial<Omit<BusMessage, 'body'>> {
  type: number;
  serial: number;
  body?: readonly BusData[];
}

/** Reads our form of values (variants keep their signature, dictionaries their order), within bounds. */
class StrictBuffer extends DBusBuffer {
  private depth = 0;

  private need(bytes: number, what: string): void {
    if (bytes < 0 || this.pos + bytes > this.buffer.length) throw new RangeError(`${what} is cut short`);
  }

  override readTree(tree: TypeTree): unknown {
    this.depth += 1;
    if (this.depth > depthMax) throw new RangeError('values are nested too deeply');
    const value = super.readTree(tree);
    this.depth -= 1;
    return value;
  }

  override readVariant(): BusValue {
    const signature = this.readSimpleType('g') as string;
    if (countTypes(signature) !== 1) throw new TypeError(`a variant of "${signature}"`);
    const [tree] = signatures.parseSignature(signature);
    if (!tree) throw new TypeError('a variant without a type');
    return { signature, value: this.readTree(tree) as BusData };
  }

  override readArray(element: TypeTree, size: number): unknown {
    if ('xtd({'.includes(element.type)) this.align(3);
    this.need(size, 'an array');
    const end = this.pos + size;
    const values = super.readArray(element, size);
    if (this.pos !== end) throw new RangeError('an array is not as long as it says');
    // A copy: a slice would keep the whole message in memory.
    return values instanceof Uint8Array ? new Uint8Array(values) : values;
  }

  override readString(length: number): string {
    this.need(length + 1, 'a string');
    if (this.buffer[this.pos + length] !== 0) throw new RangeError('a string does not end in NUL');
    return super.readString(length);
  }

  override readSimpleType(type: string): unknown {
    this.need(1, 'a value');
    // The library throws on a descriptor; its index is what our form carries.
    if (type === 'h') return this.readInt32();
    return type === 'x' || type === 't' ? this.readInteger64(type) : super.readSimpleType(type);
  }

  /** The library swaps the halves of big-endian ones. */
  private readInteger64(type: 'x' | 't'): bigint {
    this.align(3);
    const at = this.pos;
    this.pos += 8;
    if (type === 'x') {
      return this.endian === littleEndian ? this.buffer.readBigInt64LE(at) : this.buffer.readBigInt64BE(at);
    }
    return this.endian === littleEndian ? this.buffer.readBigUInt64LE(at) : this.buffer.readBigUInt64BE(at);
  }
}

/**
 * The whole length of the message that begins with these 16 bytes.
 * @throws RangeError when they are not a D-Bus header, or promise more than {@link messageBytesMax}.
 */
export function messageBytes(header: Buffer): number {
  const endian = header[0];
  if (endian !== littleEndian && endian !== bigEndian) throw new RangeError('not a D-Bus message');
  if (header[3] !== 1) throw new RangeError(`D-Bus protocol version ${header[3]}`);
  const read = (at: number): number =>
    endian === littleEndian ? header.readUInt32LE(at) : header.readUInt32BE(at);
  const fieldsBytes = read(12);
  if (fieldsBytes > headerFieldsBytesMax) throw new RangeError('header fields of a D-Bus message too long');
  const total = headerBytes + Math.ceil(fieldsBytes / 8) * 8 + read(4);
  if (total > messageBytesMax) throw new RangeError(`a D-Bus message of ${total} bytes`);
  return total;
}

const fieldNames = [
  '',
  'path',
  'interface',
  'member',
  'errorName',
  'replySerial',
  'destination',
  'sender',
  'signature',
] as const;
const fieldSignatures = ['', 'o', 's', 's', 's', 'u', 's', 's', 'g'];
const headerTrees = signatures.parseSignature('yyyyuua(yv)');

function emptyMessage(type: number, flags: number, serial: number): BusMessage {
  return {
    type,
    flags,
    serial,
    path: '',
    interface: '',
    member: '',
    errorName: '',
    replySerial: 0,
    destination: '',
    sender: '',
    signature: '',
    body: [],
  };
}

/** A whole message, as long as {@link messageBytes} said. @throws TypeError or RangeError on garbage. */
export function decodeMessage(frame: Buffer): BusMessage {
  const buffer = new StrictBuffer(frame, 0, frame[0] ?? 0, undefined, { ayBuffer: true });
  const header = buffer.readStruct(headerTrees);
  const [, type, flags, , , serial, fields] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    [number, BusValue][],
  ];
  const message = emptyMessage(type, flags, serial);
  for (const [code, { signature, value }] of fields) {
    const name = fieldNames[code];
    if (!name) continue; // unknown fields must be ignored
    if (signature !== fieldSignatures[code]) throw new TypeError(`header field ${name} of type ${signature}`);
    if (name === 'replySerial') message.replySerial = value as number;
    else message[name] = value as string;
  }
  buffer.align(3);
  countTypes(message.signature);
  if (message.signature) {
    message.body = buffer.readStruct(signatures.parseSignature(message.signature)) as BusData[];
  }
  if (buffer.pos !== frame.length) throw new RangeError('a message is not as long as it says');
  return message;
}

/** Our form → the library's, which has [signature, value] for a variant. */
function toLibrary(tree: TypeTree, value: BusData): unknown {
  if (tree.type === 'v') {
    const { signature, value: inner } = value as BusValue;
    const [innerTree] = signatures.parseSignature(signature);
    if (!innerTree || countTypes(signature) !== 1) throw new TypeError(`a variant of "${signature}"`);
    return [signature, toLibrary(innerTree, inner)];
  }
  if (value instanceof Uint8Array || !Array.isArray(value)) return value;
  return value.map((item, index) => {
    const child = tree.child[tree.type === 'a' ? 0 : index];
    if (!child) throw new TypeError('a value has more members than its signature');
    return toLibrary(child, item);
  });
}

/** @throws TypeError or Error when the body does not fit the signature. */
export function encodeMessage(message: OutgoingMessage): Buffer {
  const { body = [], signature = '', flags = 0, ...rest } = message;
  if (countTypes(signature) !== body.length) throw new TypeError(`${body.length} values for "${signature}"`);
  const trees = signatures.parseSignature(signature);
  const values = trees.map((tree, index) => toLibrary(tree, body[index] as BusData));
  const [frame] = wire.marshall({ ...rest, flags, ...(signature ? { signature, body: values } : {}) });
  return frame;
}
