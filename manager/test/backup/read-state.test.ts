import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeRecordLine } from '@hecate/proto/io/record-line.ts';
import t, { type Test } from 'tap';
import { readState } from '../../src/backup/read-state.ts';

t.setTimeout(60_000);

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-state-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'journal'));
  return folder;
}

/** Replaces all files, one after the other, as fast as it can, with a breath now and then. */
const writing = `
const { renameSync, writeFileSync } = require('node:fs');
const { parentPort, workerData: { folder, names } } = require('node:worker_threads');
const breath = new Int32Array(new SharedArrayBuffer(4));
parentPort.postMessage('begins');
for (let round = 1; ; round += 1) {
  for (const name of names) {
    writeFileSync(folder + '/new', String(round));
    renameSync(folder + '/new', folder + '/' + name);
  }
  if (round % 300 === 0) Atomics.wait(breath, 0, 0, 40);
}`;

t.test('what is there, in order, and nothing besides', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'epoch.json'), '{}');
  writeFileSync(join(folder, 'power.json'), '{}');
  writeFileSync(join(folder, 'journal/runs.records'), encodeRecordLine([]));
  const members = await readState(folder);
  t.same(
    members.map(({ path, mode }) => [path, mode]),
    [
      ['state/epoch.json', 0o600],
      ['state/journal/runs.records', 0o600],
    ],
  );
});

t.test('all of one moment, while a manager writes one file after the other', async (t) => {
  const folder = folderFor(t);
  const names = ['epoch.json', 'last-hosts.json', 'runs.json'];
  for (const name of names) writeFileSync(join(folder, name), '0');
  const writer = new Worker(writing, { eval: true, workerData: { folder, names } });
  t.teardown(() => writer.terminate());
  await once(writer, 'message');
  for (let look = 0; look < 20; look += 1) {
    const members = await readState(folder);
    const rounds = new Map(members.map(({ path, bytes }) => [path, Number(Buffer.from(bytes).toString())]));
    const seen = names.map((name) => rounds.get(`state/${name}`) ?? -1);
    const [first = 0, second = 0, third = 0] = seen;
    t.ok(first >= second && second >= third && first - third <= 1, seen.join(' '));
  }
});

t.test('where nothing is, and where something is damaged, it says so', async (t) => {
  const folder = folderFor(t);
  await t.rejects(readState(folder), { code: 'HEC_STATE', message: /no manager has kept its state/ });
  writeFileSync(join(folder, 'epoch.json'), '{}');
  writeFileSync(join(folder, 'journal/runs.records'), '00000000 2 []\n');
  await t.rejects(readState(folder), { code: 'HEC_STATE', message: /journal\/runs\.records:1: damaged/ });
  writeFileSync(join(folder, 'journal/runs.records'), `${encodeRecordLine([])}1234`);
  await t.resolves(readState(folder), 'a torn end is none');
});
