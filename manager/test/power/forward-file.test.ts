import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { initialReceived } from '../../src/core/power/forward/forward-received-state.ts';
import { initialForward } from '../../src/core/power/forward/forward-state.ts';
import type { RunId } from '../../src/core/runs/run.ts';
import { DiskReserve } from '../../src/io/disk-reserve.ts';
import { ForwardFile } from '../../src/power/forward-file.ts';

function folderOf(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-forwards-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'forwards.json');
  const open = async () => ForwardFile.open(path, await DiskReserve.open(folder));
  return { path, open };
}

t.test('what was put is there after a restart, under the same instance', async (t) => {
  const { open } = folderOf(t);
  const file = await open();
  t.equal(file.sent('rack-a'), undefined, 'a first start');
  t.equal(file.loss, undefined);
  const run = { triggerId: 'peer:tethys:rack-a:x:1', runId: 'R1' as RunId };
  await Promise.all([
    file.putSent({ ...initialForward('rack-a', 'boot', file.instance), sequence: 3 }),
    file.putReceived({ state: initialReceived('tethys', 'rack-a', 'boot'), run }),
    file.putReceived({ state: initialReceived('tethys', 'rack-b', 'boot'), run: undefined }),
  ]);
  const again = await open();
  t.equal(again.instance, file.instance);
  t.match(again.sent('rack-a'), { sequence: 3 });
  t.match(
    again.received().map(({ state }) => state.ups),
    ['rack-a', 'rack-b'],
  );
  t.match(again.received()[0], { run });
});

t.test('damaged anywhere: it is set aside, and the sequences of the next one are others', async (t) => {
  const { path, open } = folderOf(t);
  const file = await open();
  await file.putSent(initialForward('rack-a', 'boot', file.instance));
  const text = readFileSync(path, 'utf8');
  for (const damaged of [
    text.slice(0, -10),
    '',
    '{}',
    '[]',
    'null',
    text.replace('"rack-a": {', '"rack-b": {'),
  ]) {
    writeFileSync(path, damaged);
    const again = await open();
    t.match(
      again.loss,
      /forwards\.json was damaged.*asked for anew.*forwards\.json\.damaged/,
      damaged.slice(0, 20),
    );
    t.not(again.instance, file.instance);
    t.equal(readFileSync(`${path}.damaged`, 'utf8'), damaged);
    t.notOk(existsSync(path));
  }
});
