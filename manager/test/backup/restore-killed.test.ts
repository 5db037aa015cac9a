/** A restore that is killed in the middle: no manager starts on the half of it, and repeated, it is whole. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { makeBackup } from '../../src/backup/make-backup.ts';
import { restoreBackup } from '../../src/backup/restore-backup.ts';
import { openStateDirectory } from '../../src/io/state-directory.ts';

t.setTimeout(120_000);

const program = join(import.meta.dirname, '../../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'hecate-killed-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const configPath = join(folder, 'hecate.yaml');
const state = join(folder, 'state');
const file = join(folder, 'backup.tar');
writeFileSync(configPath, `names: [manager.lan]\nstate_directory: ${state}\n`);
mkdirSync(join(state, 'journal'), { recursive: true });
writeFileSync(join(state, 'epoch.json'), '{"epoch":4,"highestForeignEpoch":0}\n');
writeFileSync(join(state, 'runs.json'), '{"version":1,"runs":[]}\n');
await makeBackup(configPath, file, 0);

/** Kills it as soon as this is there: looked for without a pause, because the window is a few milliseconds. */
async function killWhen(isThere: () => boolean): Promise<boolean> {
  const argv = [program, 'restore', '--force', '--config', configPath, file];
  const child = spawn(process.execPath, argv, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const deadlineMs = performance.now() + 10_000;
  while (!isThere() && performance.now() < deadlineMs);
  child.kill('SIGKILL');
  await ended;
  return child.signalCode === 'SIGKILL';
}

const has = (name: string): boolean => existsSync(join(state, name));
const hasAside = (): boolean => readdirSync(state).some((name) => name.startsWith('before-restore'));
const moments: Readonly<Record<string, () => boolean>> = {
  'its files are being written': () => has('restore.new'),
  'what was there is kept aside': hasAside,
};

for (const [moment, isThere] of Object.entries(moments)) {
  t.test(`killed when ${moment}`, async (t) => {
    const wasKilled = await killWhen(isThere);
    t.comment(wasKilled ? `killed; left: ${readdirSync(state).sort().join(' ')}` : 'it had ended already');
    const isHalf = has('restore.unfinished');
    const opened = await openStateDirectory(state).catch((error: Error) => error.message);
    if (typeof opened === 'string') {
      t.equal(isHalf, true);
      t.match(opened, /a restore was interrupted/);
    } else {
      t.equal(isHalf, false, 'a manager starts on the whole of the old, or of the new');
      t.ok(opened.epoch > 4, `with the epoch ${opened.epoch}`);
      t.ok(has('runs.json'));
      await opened.release();
    }
    const isForced = true;
    const request = {
      file,
      configPath,
      keepsConfig: false,
      isForced,
      isCheck: false,
      nowWallMs: Date.now(),
      chance: 0,
    };
    const report = await restoreBackup(request);
    t.equal(report.is_restored, true);
    const whole = await openStateDirectory(state);
    t.equal(whole.epoch, report.epoch + 1);
    t.notOk(has('restore.new'));
    await whole.release();
    for (const name of readdirSync(state))
      if (name.startsWith('before-restore')) rmSync(join(state, name), { recursive: true });
  });
}
