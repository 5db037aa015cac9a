import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openRecordFile } from '../../src/io/record-file.ts';

const writer = join(import.meta.dirname, 'record-file-writer.ts');

interface Numbered {
  n: number;
}

/** Kills a writer after so many acknowledgements; gives the numbers that it acknowledged. */
async function killAfter(path: string, first: number, count: number, fill: number): Promise<number[]> {
  const child = spawn(process.execPath, [writer, path, `${first}`, `${fill}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > count) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return output.split('\n').slice(0, -1).map(Number);
}

t.test('a writer killed at any moment loses no acknowledged record and keeps the order', async (t) => {
  const path = join(t.testdir(), 'journal');
  const acknowledged = new Set<number>();
  let next = 0;
  let highest = -1;
  for (let round = 0; round < 12; round += 1) {
    const count = 1 + Math.floor(Math.random() * 150);
    const numbers = await killAfter(path, next, count, round % 2 === 0 ? 40 : 20_000);
    for (const n of numbers) acknowledged.add(n);
    const file = await openRecordFile<Numbered>(path, { parse: (value) => value as Numbered });
    const found = file.records.map((record) => record.n);
    await file.close();
    const lost = [...acknowledged].filter((n) => !found.includes(n));
    t.same(lost, [], `round ${round}: killed after ${count}, ${found.length} records are there`);
    t.same(
      found,
      found.toSorted((a, b) => a - b),
      'in the order of the appends, none twice',
    );
    t.equal(new Set(found).size, found.length);
    highest = Math.max(highest, ...found, ...numbers);
    next = highest + 1;
  }
  t.ok(acknowledged.size > 12, 'something was acknowledged at all');
  t.same(readdirSync(join(path, '..')), ['journal'], 'no temporary file is left after opening');
});
