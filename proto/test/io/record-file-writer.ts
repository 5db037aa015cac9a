/**
 * A writer that is to be killed: appends numbered records in bursts, prints each number once it is acknowledged,
 * and compacts now and then. Arguments: the file, the first number, a filler length, the room to make ahead.
 */
import { writeSync } from 'node:fs';
import { openRecordFile } from '../../src/io/record-file.ts';

const [path = '', first = '0', fill = '0', roomBytes = '0'] = process.argv.slice(2);

interface Numbered {
  n: number;
  fill: string;
}

const file = await openRecordFile<Numbered>(path, {
  parse: (value) => value as Numbered,
  roomBytes: Number(roomBytes),
});
const kept = [...file.records];
const acknowledged = (n: number) => writeSync(1, `${n}\n`);

let n = Number(first);
for (let burst = 0; ; burst += 1) {
  const appends: Promise<unknown>[] = [];
  for (let i = 0; i <= burst % 7; i += 1) {
    const record = { n, fill: 'x'.repeat((n * 37) % (Number(fill) + 1)) };
    kept.push(record);
    appends.push(file.append(record).then(() => acknowledged(record.n)));
    n += 1;
  }
  if (burst % 11 === 10) appends.push(file.rewrite(kept));
  if (burst % 3 === 0) await Promise.all(appends);
}
