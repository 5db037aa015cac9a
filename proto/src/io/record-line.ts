/**
 * One line per record, readable with cat: `<crc32, 8 hex digits> <bytes of the JSON> <JSON>\n`. The checksum
 * finds a flipped bit, the length a lost one, the newline a torn end.
 */
import { crc32 } from 'node:zlib';

const newline = 0x0a;
const header = /^([0-9a-f]{8}) (0|[1-9][0-9]{0,8}) /;
/** Eight digits, a space, at most nine digits, a space. */
const headerBytesMax = 19;

/** Where and why a file is not what was written. Lines count from 1. */
export interface Damage {
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

export interface ScannedRecords {
  /** The JSON of each whole line, parsed. */
  readonly values: unknown[];
  /** Up to where the file is whole; what follows is a torn end. */
  readonly wholeBytes: number;
  readonly damage: Damage | undefined;
}

const checksum = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');

/** @throws TypeError for a value that JSON cannot carry */
export function encodeRecordLine(record: unknown): Buffer {
  const text = JSON.stringify(record);
  if (text === undefined) throw new TypeError('a record must be something that JSON can carry');
  const json = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${checksum(json)} ${json.length} `), json, Buffer.from('\n')]);
}

function decode(line: Buffer): { value: unknown } | { found: string; expected: string } {
  const match = header.exec(line.toString('latin1', 0, headerBytesMax));
  if (match === null) {
    return {
      found: JSON.stringify(line.toString('utf8', 0, 40)),
      expected: 'a line that begins with "<crc32> <byte length> "',
    };
  }
  const json = line.subarray(match[0].length);
  if (json.length !== Number(match[2])) {
    return { found: `${json.length} bytes of JSON`, expected: `${match[2]} bytes` };
  }
  const found = checksum(json);
  if (found !== match[1]) return { found: `the checksum ${found}`, expected: String(match[1]) };
  try {
    return { value: JSON.parse(json.toString('utf8')) };
  } catch {
    return { found: 'text that is not JSON', expected: 'JSON' };
  }
}

/**
 * Whether an end without a newline may be the beginning of a line: a cut-off write, or a block that the file
 * system never filled. More bytes than the line announces are damage, not a torn end.
 */
function mayBeTorn(tail: Buffer): boolean {
  const written = tail.toString('latin1').replace(/\0+$/, '');
  const match = header.exec(written);
  if (match !== null) return written.length - match[0].length <= Number(match[2]);
  return written.length <= headerBytesMax && /^[0-9a-f]{0,8}$|^[0-9a-f]{8} [0-9]{0,9}$/.test(written);
}

/** Reads a whole file of record lines; stops at the first damage. */
export function scanRecordLines(bytes: Buffer): ScannedRecords {
  const values: unknown[] = [];
  let start = 0;
  while (start < bytes.length) {
    const line = values.length + 1;
    const end = bytes.indexOf(newline, start);
    if (end < 0) {
      const tail = bytes.subarray(start);
      const damage = mayBeTorn(tail)
        ? undefined
        : { line, found: JSON.stringify(tail.toString('utf8', 0, 40)), expected: 'a line of a record' };
      return { values, wholeBytes: start, damage };
    }
    const decoded = decode(bytes.subarray(start, end));
    if (!('value' in decoded)) return { values, wholeBytes: start, damage: { line, ...decoded } };
    values.push(decoded.value);
    start = end + 1;
  }
  return { values, wholeBytes: start, damage: undefined };
}
