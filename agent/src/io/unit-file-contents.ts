/** Reads the files that a unit is made of, for `cat`. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { UnitFileText } from '../core/systemd-port.ts';

/** Real unit files have a few KB; all of one unit's must fit the wire's longest text. */
const bytesMax = limits.longTextLengthMax;
const filesMax = 128;

async function readOne(path: string, bytesLeft: number): Promise<string> {
  // Non-blocking: a FIFO in the place of a unit file must not hang us.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await file.stat();
    if (status.isCharacterDevice()) return ''; // masked: a link to /dev/null
    if (!status.isFile()) throw new Error('it is not a regular file');
    if (status.size > bytesLeft) throw new Error(`the unit's files have more than ${bytesMax} bytes`);
    const buffer = Buffer.alloc(bytesLeft + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (length > bytesLeft) throw new Error(`the unit's files have more than ${bytesMax} bytes`);
      if (bytesRead === 0) return buffer.toString('utf8', 0, length);
    }
  } finally {
    await file.close();
  }
}

/**
 * The texts, in the order of `paths`; empty for a masked unit.
 * @throws HEC_UNSUPPORTED when one cannot be read, is too long, or there are too many.
 */
export async function readUnitFiles(unit: string, paths: readonly string[]): Promise<UnitFileText[]> {
  if (paths.length > filesMax) {
    throw new HecateError(
      'HEC_UNSUPPORTED',
      `${unit} is made of ${paths.length} files, more than ${filesMax}`,
    );
  }
  const files: UnitFileText[] = [];
  let bytesLeft: number = bytesMax;
  for (const path of paths) {
    try {
      const text = await readOne(path, bytesLeft);
      bytesLeft -= Buffer.byteLength(text);
      files.push({ path, text });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const remedy = 'look at it on the node; after a change of unit files: hecatectl daemon-reload NODE';
      throw new HecateError('HEC_UNSUPPORTED', `${path} of ${unit} cannot be read: ${why}`, remedy, cause);
    }
  }
  return files;
}
