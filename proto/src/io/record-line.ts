/**
 * One line per record, readable with cat: `<crc32, 8 hex digits> <bytes of the JSON> <JSON>\n`. The checksum
 * finds a flipped bit, the length a lost one, the newline a torn end. A space behind the JSON says that all before this
 * line was on the disk when it was written. Behind the last line there may be zeros: room that was made ahead.
 */
import { crc32 } from 'node:zlib';

const newline = 0x0a;
const header = /^([0-9a-f]{8}) (0|[1-9][0-9]{0,8}) /;
/** JSON.stringify writes none at an end. */
const mark = ' ';
/** What a disk writes whole or not at all. */
const sectorBytes = 512;
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
  /** Up to where the file is whole; what follows is a torn end, and zeros. */
  readonly wholeBytes: number;
  /** Of what follows, without the zeros at its end. */
  readonly tornBytes: number;
  readonly damage: Damage | undefined;
}

const checksum = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');

/** @throws TypeError for a value that JSON cannot carry */
export function encodeRecordLine(record: unknown): Buffer {
  const text = JSON.stringify(record);
  if (text === undefined) throw new TypeError('a record must be something that JSON can carry');
  return lineOf(Buffer.from(text));
}

const lineOf = (json: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${checksum(json)} ${json.length} `), json, Buffer.from('\n')]);

/** An encoded line that also says that all before it is durable. */
export function markDurableBefore(line: Buffer): Buffer {
  const begin = header.exec(line.toString('latin1', 0, headerBytesMax))?.[0].length ?? 0;
  return lineOf(Buffer.concat([line.subarray(begin, -1), Buffer.from(mark)]));
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
 * Whether an end without a newline may be the beginning of a line: a cut-off write. More bytes than the line announces
 * are damage, not a torn end.
 */
function isBeginning(tail: Buffer): boolean {
  const written = tail.toString('latin1');
  const match = header.exec(written);
  if (match !== null) return written.length - match[0].length <= Number(match[2]);
  return written.length <= headerBytesMax && /^[0-9a-f]{0,8}$|^[0-9a-f]{8} [0-9]{0,9}$/.test(written);
}

/**
 * Whether a line is unreadable because some sectors of what nobody had synced came to the disk, and others before them
 * did not: where room was made ahead, these still hold its zeros. A hole ends where a sector does, and no line behind it
 * says that what was before was durable: otherwise something is lost that was acknowledged (I9).
 */
function isUnsynced(written: Buffer, start: number): boolean {
  const first = written.indexOf(0, start);
  const newlineAt = written.indexOf(newline, start);
  if (first < 0 || (newlineAt >= 0 && newlineAt < first)) return false;
  for (let at = first; at >= 0; ) {
    let end = at;
    while (written[end] === 0) end += 1;
    if (end % sectorBytes !== 0) return false;
    at = written.indexOf(0, end);
  }
  return !hasMarkedLine(written.subarray(first));
}

function hasMarkedLine(bytes: Buffer): boolean {
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    const piece = bytes.subarray(start, end);
    const line = piece.subarray(piece.lastIndexOf(0) + 1);
    if (line.at(-1) === mark.charCodeAt(0) && 'value' in decode(line)) return true;
    start = end + 1;
  }
  return false;
}

/** What was written: without the zeros at the end of a file of record lines. */
export function withoutRoom(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

/** Reads a whole file of record lines; stops at the first damage. */
export function scanRecordLines(bytes: Buffer): ScannedRecords {
  const written = withoutRoom(bytes);
  const values: unknown[] = [];
  let start = 0;
  let damage: Damage | undefined;
  while (start < written.length) {
    const line = values.length + 1;
    const end = written.indexOf(newline, start);
    const tail = written.subarray(start);
    if (end < 0) {
      if (isBeginning(tail) || isUnsynced(written, start)) break;
      damage = { line, found: JSON.stringify(tail.toString('utf8', 0, 40)), expected: 'a line of a record' };
      break;
    }
    const decoded = decode(written.subarray(start, end));
    if (!('value' in decoded)) {
      if (!isUnsynced(written, start)) damage = { line, ...decoded };
      break;
    }
    values.push(decoded.value);
    start = end + 1;
  }
  return { values, wholeBytes: start, tornBytes: written.length - start, damage };
}
