import { readFileSync } from 'node:fs';
import { scanRecordLines } from '@hecate/proto/io/record-line.ts';

/** How much a journal holds: its size tells nothing, because room is made in it ahead. */
export const recordedBytes = (path: string): number => scanRecordLines(readFileSync(path)).wholeBytes;
