/** The file of a recorded discharge: a text that fits one question. */
import { readFile, stat } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { limits } from '@hecate/proto/core/limits.ts';

/** @throws HEC_USAGE when it cannot be read, or is too long */
export async function readScenario(path: string): Promise<string> {
  let text: string;
  try {
    const { size } = await stat(path);
    text = size > limits.longTextLengthMax ? '' : await readFile(path, 'utf8');
    if (size <= limits.longTextLengthMax) return text;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new HecateError(
      'HEC_USAGE',
      `${path}: cannot be read: ${why}`,
      'name a file that is there',
      thrown,
    );
  }
  throw new HecateError(
    'HEC_USAGE',
    `${path}: found more than ${limits.longTextLengthMax} bytes, expected at most that`,
    'leave out looks that change nothing: what a line says holds until the next one',
  );
}
