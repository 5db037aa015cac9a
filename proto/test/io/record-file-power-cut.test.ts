/**
 * I9 over a power cut: of what was written since the last fdatasync any sectors may be on the disk, and the others hold
 * what they held. The real writes of a real file are watched, and the disk that a cut leaves is made out of them.
 */
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { openRecordFile } from '../../src/io/record-file.ts';
import { scanRecordLines } from '../../src/io/record-line.ts';
import { seededRandom } from '../support/simulated-link.ts';

t.setTimeout(120_000);

const sectorBytes = 512;
const roomBytes = 16 * 1024;
const options = { parse: String, roomBytes };

interface Written {
  readonly data: Buffer;
  readonly position: number;
}

/** What is on the disk for certain, and what was written behind it. */
class WatchedDisk {
  synced: Buffer = Buffer.alloc(0);
  unsynced: Written[] = [];

  write(data: Buffer, position: number): void {
    this.unsynced.push({ data: Buffer.from(data), position });
  }

  sync(): void {
    this.synced = this.#after(this.unsynced);
    this.unsynced = [];
  }

  #after(writes: readonly Written[]): Buffer {
    const end = Math.max(this.synced.length, ...writes.map(({ data, position }) => position + data.length));
    const image = Buffer.alloc(end);
    this.synced.copy(image);
    for (const { data, position } of writes) data.copy(image, position);
    return image;
  }

  /** The disk after a power cut: each sector as it was after any number of the writes. */
  cut(random: () => number): Buffer {
    const image = this.#after(this.unsynced);
    for (let start = 0; start < image.length; start += sectorBytes) {
      const count = Math.floor(random() * (this.unsynced.length + 1));
      const older = Buffer.alloc(image.length);
      this.#after(this.unsynced.slice(0, count)).copy(older);
      older.copy(image, start, start, start + sectorBytes);
    }
    return image;
  }
}

let disk = new WatchedDisk();

/** Hands on what the class that every open file belongs to is asked for. */
async function watch(): Promise<void> {
  const handle = await open(import.meta.dirname, 'r');
  const shared = Object.getPrototypeOf(handle) as Record<string, (...args: unknown[]) => Promise<unknown>>;
  await handle.close();
  const { datasync } = shared;
  shared.datasync = async function (this: FileHandle, ...args: unknown[]) {
    // Before the call: what is written during it may be missing.
    const writes = disk.unsynced.length;
    await datasync?.apply(this, args);
    if (writes === disk.unsynced.length) disk.sync();
    else t.fail('a write in the middle of a sync: this test does not know what that is');
  };
  const { writeSync } = fs;
  fs.writeSync = ((fd: number, data: Buffer, offset: number, length: number, position: number) => {
    // The output of the test itself has no position.
    if (typeof position === 'number') disk.write(data.subarray(offset, offset + length), position);
    return writeSync(fd, data, offset, length, position);
  }) as typeof writeSync;
  syncBuiltinESMExports();
}

t.before(watch);

interface Cut {
  readonly image: Buffer;
  readonly acknowledged: number;
  readonly appended: number;
}

/** Appends records, lazily or not, and cuts the power now and then. */
async function play(path: string, random: () => number, cuts: Cut[]): Promise<void> {
  disk = new WatchedDisk();
  const file = await openRecordFile<string>(path, options);
  let acknowledged = 0;
  for (let n = 0; n < 60; ) {
    const batch = 1 + Math.floor(random() * 4);
    const isLazy = random() < 0.4;
    const appends: Promise<void>[] = [];
    for (let i = 0; i < batch; i += 1, n += 1) {
      const record = `${n} ${'x'.repeat(Math.floor(random() * 900))}`;
      if (isLazy) file.appendLazily(record);
      else appends.push(file.append(record));
    }
    const before = acknowledged;
    // A lazy one is written in a turn of its own.
    await new Promise(setImmediate);
    cuts.push({ image: disk.cut(random), acknowledged: before, appended: n });
    await Promise.all(appends);
    if (!isLazy) acknowledged = n;
    cuts.push({ image: disk.cut(random), acknowledged, appended: n });
  }
  await file.close();
}

t.test('a power cut at any moment: what was acknowledged is there, and the file is taken', async (t) => {
  const random = seededRandom(20261121);
  const folder = t.testdir();
  const cuts: Cut[] = [];
  for (let round = 0; round < 5; round += 1) await play(join(folder, `${round}`), random, cuts);
  const wrong = cuts.filter(({ image, acknowledged, appended }) => {
    const { values, damage } = scanRecordLines(image);
    const isInOrder = values.every((value, n) => Number.parseInt(String(value), 10) === n);
    return damage || !isInOrder || values.length < acknowledged || values.length > appended;
  });
  t.equal(
    wrong.length,
    0,
    JSON.stringify(wrong.slice(0, 3).map(({ image }) => scanRecordLines(image).damage)),
  );
  const holed = cuts.filter(({ image }) => /\0[^\0]/.test(image.toString('latin1')));
  t.ok(holed.length > 30, `${holed.length} of ${cuts.length} with sectors missing before others`);

  for (const { image } of holed.slice(0, 20)) {
    const path = join(folder, 'journal');
    fs.writeFileSync(path, image);
    const file = await openRecordFile<string>(path, options);
    await file.append('after');
    await file.close();
    const again = await openRecordFile<string>(path, options);
    t.same(again.records, [...file.records, 'after']);
    await again.close();
  }
});

t.test('a sector that is lost in what was acknowledged before is damage, and refused', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'journal');
  disk = new WatchedDisk();
  const file = await openRecordFile<string>(path, options);
  for (let n = 0; n < 12; n += 1) await file.append(`${n} ${'x'.repeat(300)}`);
  const image = fs.readFileSync(path);
  await file.close();
  const last = image.lastIndexOf('"11 x');
  const refused: number[] = [];
  let start = 0;
  for (; start + sectorBytes < last; start += sectorBytes) {
    const holed = Buffer.from(image);
    holed.fill(0, start, start + sectorBytes);
    fs.writeFileSync(path, holed);
    await openRecordFile<string>(path, options).then(
      (opened) => opened.close(),
      (thrown) => refused.push(thrown.code),
    );
    if (refused.length > start / sectorBytes) t.same(fs.readFileSync(path), holed, 'and left as it is');
  }
  t.same(refused, Array(start / sectorBytes).fill('HEC_STATE'));
});
