/** Run by disk-reserve.test.ts on a tmpfs of 4 MiB; prints what it saw as JSON. */
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { RunRecord } from '../../src/core/runs/run-record.ts';
import { openStateDirectory } from '../../src/io/state-directory.ts';
import { RunJournal } from '../../src/runs/run-journal.ts';

const [disk = ''] = process.argv.slice(2);
const path = join(disk, 'state');
const ballast = join(disk, 'ballast');
const reserve = join(path, 'reserve');

function fill(): void {
  for (let bytes = 4 * 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // As much as fits.
    }
  }
}

/** A record of a page: the last one of a file may have room for a smaller one. */
const record = (why: string): RunRecord[] => [
  { type: 'resumed', runId: 'R' as never, atMs: 0, bootId: '' },
  { type: 'run-ended', runId: 'R' as never, atMs: 0, outcome: 'done', why: why + ' '.repeat(5000) },
];
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => '',
    (error) => asHecateError(error).message,
  );

const told: (string | undefined)[] = [];
const listen = (trouble: HecateError | undefined): void => void told.push(trouble?.message);
const size = (): number => (existsSync(reserve) ? statSync(reserve).size : 0);

const first = await openStateDirectory(path);
first.reserve.onChange = listen;
const journal = await RunJournal.open(first.journalPath('runs'), first.reserve);
const seen: Record<string, unknown> = { sizeAtStart: size(), blocksAtStart: statSync(reserve).blocks };

fill();
seen.newRun = await refusal(journal.commit(record('new'), false));
const [, lastOfIt] = record('never begun');
await refusal(journal.commit(lastOfIt ? [lastOfIt] : [], true));
seen.sizeAfterRefusal = size();
seen.decided = await refusal(journal.commit(record('decided'), true));
seen.sizeAfterDecided = size();
seen.newRunThen = await refusal(journal.commit(record('new again'), false));
seen.stillNoRoom = await first.reserve.restore();
rmSync(ballast);
seen.newRunWithRoom = await refusal(journal.commit(record('new at last'), false));
seen.sizeWithRoom = size();
await journal.close();

fill();
await first.release();
const second = await openStateDirectory(path);
seen.epochs = [first.epoch, second.epoch];
seen.sizeAfterStart = size();
seen.trouble = second.reserve.trouble?.message;
fill();
seen.thirdStart = await refusal(second.release().then(() => openStateDirectory(path)));
rmSync(ballast);
const fourth = await openStateDirectory(path);
seen.sizeAfterRoom = size();
const again = await RunJournal.open(fourth.journalPath('runs'), fourth.reserve);
seen.kept = again.records().flatMap((each) => (each.type === 'run-ended' ? [each.why.trim()] : []));
console.log(JSON.stringify({ ...seen, told }));
await fourth.release();
