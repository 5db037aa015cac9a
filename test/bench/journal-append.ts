/**
 * An append to a journal of operations until it is durable, with room made ahead and without, in turns: on this machine's
 * own disk, and on an ext4 with a journal on a RAM disk, where the kernel counts what a disk would have to do. The times
 * of a RAM disk are those of no real one: its flushes cost nothing. What it is asked for is the same everywhere.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openRecordFile, type RecordFile } from '@hecate/proto/io/record-file.ts';
import { operationRoomBytes } from '@hecate/proto/io/record-room.ts';
import type { BenchResult } from './result.ts';
import { microseconds, milliseconds, ratio, summarize } from './statistics.ts';

const rounds = 300;
const warmUpRounds = 20;
/** What an append leaves behind (room that is made, a journal's commit) must not be measured with the next. */
const pauseMs = 5;
const diskMiB = 128;

/** As an agent's record that an operation has begun. */
const record = { type: 'begun', opId: '01HF7YAT010000000000000000', filler: 'x'.repeat(180) };

type Files = Readonly<Record<'with room' | 'without', RecordFile<unknown>>>;

const open = (folder: string, name: string, roomBytes: number): Promise<RecordFile<unknown>> =>
  openRecordFile<unknown>(join(folder, name), { parse: (value) => value, roomBytes });

async function openBoth(folder: string): Promise<Files> {
  return {
    'with room': await open(folder, 'with-room', operationRoomBytes),
    without: await open(folder, 'without', 0),
  };
}

async function closeBoth(files: Files): Promise<void> {
  for (const file of Object.values(files)) await file.close();
}

/** In turns, so that both meet the same disk. */
async function appendTimes(folder: string): Promise<Record<keyof Files, number[]>> {
  const files = await openBoth(folder);
  const took = { 'with room': [] as number[], without: [] as number[] };
  for (let round = 0; round < rounds + warmUpRounds; round += 1) {
    for (const [name, file] of Object.entries(files) as [keyof Files, RecordFile<unknown>][]) {
      await setTimeout(pauseMs);
      const startedAtMs = performance.now();
      await file.append(record);
      if (round >= warmUpRounds) took[name].push(microseconds(performance.now() - startedAtMs));
    }
  }
  await closeBoth(files);
  return took;
}

interface DiskWork {
  readonly writes: number;
  readonly kibibytes: number;
  readonly flushes: number;
}

/** Fields 5, 7 and 16 of the kernel's Documentation/block/stat.rst. */
function workOf(device: string): DiskWork {
  const fields = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
    .trim()
    .split(/ +/)
    .map(Number);
  const [writes = 0, sectors = 0, flushes = 0] = [fields[4], fields[6], fields[15]];
  return { writes, kibibytes: sectors / 2, flushes };
}

/** Of one append, on the mean; the room that is made meanwhile is in it. */
async function diskWork(device: string, file: RecordFile<unknown>): Promise<DiskWork> {
  for (let n = 0; n < warmUpRounds; n += 1) await file.append(record);
  execFileSync('sync');
  const before = workOf(device);
  for (let n = 0; n < rounds; n += 1) await file.append(record);
  const after = workOf(device);
  const each = (field: keyof DiskWork): number =>
    Math.round(((after[field] - before[field]) / rounds) * 100) / 100;
  return { writes: each('writes'), kibibytes: each('kibibytes'), flushes: each('flushes') };
}

/** @returns undefined where this user may make no disk */
async function onRamDisk<Result>(
  use: (folder: string, device: string) => Promise<Result>,
): Promise<Result | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync('/dev/shm/hecate-bench-');
  const [image, mounted] = [join(folder, 'image'), join(folder, 'disk')];
  execFileSync('mkdir', [mounted]);
  execFileSync('truncate', ['-s', `${diskMiB}M`, image]);
  execFileSync('mkfs.ext4', ['-q', image]);
  const device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount', [device, mounted]);
    return await use(mounted, device).finally(() => execFileSync('umount', [mounted]));
  } finally {
    execFileSync('losetup', ['-d', device]);
    rmSync(folder, { recursive: true });
  }
}

async function onOwnDisk(): Promise<Record<keyof Files, number[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-bench-'));
  return appendTimes(folder).finally(() => rmSync(folder, { recursive: true }));
}

export async function journalAppend(): Promise<BenchResult> {
  const own = await onOwnDisk();
  const ram = await onRamDisk(async (folder, device) => {
    const took = await appendTimes(folder);
    const files = await openBoth(folder);
    const work = {
      'with room': await diskWork(device, files['with room']),
      without: await diskWork(device, files.without),
    };
    await closeBoth(files);
    return { took, work };
  });
  const p50 = (values: readonly number[]): number => summarize(values).p50;
  const ratios: Record<string, number> = { 'own disk p50': ratio(p50(own['with room']), p50(own.without)) };
  const lines = Object.entries(own).map(([name, values]) => line(`own disk, ${name}`, values));
  if (ram) {
    const { took, work } = ram;
    ratios['ext4 on RAM p50'] = ratio(p50(took['with room']), p50(took.without));
    ratios['flushes of ext4'] = ratio(work['with room'].flushes, work.without.flushes);
    ratios['bytes of ext4'] = ratio(work['with room'].kibibytes, work.without.kibibytes);
    for (const name of ['with room', 'without'] as const) {
      const { writes, kibibytes, flushes } = work[name];
      lines.push(
        `${line(`ext4 on RAM, ${name}`, took[name])}; ${writes} writes, ${kibibytes} KiB, ${flushes} flushes`,
      );
    }
  }
  return {
    name: 'journal-append',
    aim: 'one flush of a disk for one durable record, on a file system with a journal',
    ratios,
    lines,
    raw: { ownDiskMs: own, ...(ram ? { ext4OnRamMs: ram.took, ext4Work: ram.work } : {}) },
  };
}

function line(name: string, values: readonly number[]): string {
  const { p50, p95, p99 } = summarize(values);
  return `${name.padEnd(24)} p50 ${milliseconds(p50)}  p95 ${milliseconds(p95)}  p99 ${milliseconds(p99)}`;
}
