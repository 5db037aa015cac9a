/** Run by record-file.test.ts on a tmpfs of 64 KiB, with the room to make ahead; prints what it saw as JSON. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asHecateError, failureOf } from '../../src/core/errors.ts';
import { openRecordFile } from '../../src/io/record-file.ts';

const [disk = '', roomBytes = '0'] = process.argv.slice(2);
const path = join(disk, 'journal');
const lost: string[] = [];
const options = {
  parse: (value: unknown) => value,
  roomBytes: Number(roomBytes),
  onLost: (error: { code: string }) => lost.push(error.code),
};
const failure = (promise: Promise<unknown>) => promise.then(() => 'it succeeded', failureOf);
const big = 'x'.repeat(100_000);

const file = await openRecordFile<unknown>(path, options);
await file.append('first');
const [full, neighbour] = await Promise.all([
  failure(file.append(big)),
  file.append('neighbour').catch((thrown) => asHecateError(thrown).code),
]);
file.appendLazily(big);
await file.append('after').catch(() => file.append('after'));
const compaction = await failure(file.rewrite([big]));
await file.append('last');
await file.close();

execFileSync('mount', ['-o', 'remount,ro', disk]);
const readOnly = await failure(openRecordFile(path, options));
execFileSync('mount', ['-o', 'remount,rw', disk]);

const again = await openRecordFile(path, options);
const cutTail = again.cutTail?.bytes ?? 0;
const files = readdirSync(disk);
console.log(
  JSON.stringify({ full, neighbour, lost, compaction, readOnly, replayed: again.records, cutTail, files }),
);
await again.close();
