/** Backup and restore as hecatectl offers them, on a state that a manager has left. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCtl } from '../support/run-ctl.ts';
import { schemaProblem } from '../support/schema.ts';

t.setTimeout(120_000);

/** A configuration and a small state, as after a first start. */
function hostFor(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-backup-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'hecate.yaml');
  const state = join(folder, 'state');
  const text = `# a comment that stays\nsite: small\nnames: [manager.lan]\nstate_directory: ${state}\n`;
  writeFileSync(config, text);
  mkdirSync(join(state, 'journal'), { recursive: true });
  writeFileSync(join(state, 'epoch.json'), '{"epoch":4,"highestForeignEpoch":0}\n');
  const ctl = (...args: string[]) => runCtl([...args, '--config', config]);
  return { folder, config, state, text, ctl, file: join(folder, 'backup.tar') };
}

t.test('out and back, with the configuration', async (t) => {
  const { config, state, text, ctl, file } = hostFor(t);
  const made = await ctl('backup', file);
  t.equal(made.exitCode, 0, made.stderr);
  t.match(made.stderr, /site small, epoch 4, \d+ bytes/);
  t.match(made.stderr, /not in it: \/var\/log\/hecate\/audit\.jsonl/);
  t.match(made.stderr, /the key of the authority is in it/);
  const refused = await ctl('restore', file);
  t.match(refused, { exitCode: 1, stderr: /holds the state of a manager already \(HEC_STATE\)\n.*--force/ });
  rmSync(state, { recursive: true });
  writeFileSync(config, 'site: other\n');
  const other = await ctl('restore', file);
  t.match(other, { exitCode: 1, stderr: /is there, and another one \(HEC_STATE\)/ });
  rmSync(config);
  const restored = await ctl('restore', file);
  t.equal(restored.exitCode, 0, restored.stderr);
  t.match(restored.stderr, /agents must dial one of: manager\.lan\n.*next: systemctl start hecate-manager/);
  t.equal(readFileSync(config, 'utf8'), text);
  t.equal(statSync(config).mode & 0o777, 0o644);
  t.ok(JSON.parse(readFileSync(join(state, 'epoch.json'), 'utf8')).epoch >= 10_004);
});

t.test('as JSON, by the schemas', async (t) => {
  const { ctl, file } = hostFor(t);
  const made = JSON.parse((await ctl('backup', file, '-o', 'json')).stdout);
  t.equal(schemaProblem('backup', made), undefined);
  t.same(made.files, ['config/hecate.yaml', 'state/epoch.json']);
  const checked = JSON.parse((await ctl('restore', '--check', file, '-o', 'json')).stdout);
  t.equal(schemaProblem('restore', checked), undefined);
  t.match(checked, { is_restored: false, site: 'small', epoch: 4 });
});

t.test('what cannot be done says why', async (t) => {
  const { folder, ctl, file, state } = hostFor(t);
  const named = await runCtl(['backup', '--socket', '/run/x.sock', file]);
  t.match(named, { exitCode: 2, stderr: /--socket names one that runs/ });
  t.match(await ctl('backup'), { exitCode: 2 });
  t.match(await ctl('restore', join(folder, 'none')), { exitCode: 2, stderr: /there is no file/ });
  t.match(await ctl('restore', '/etc/passwd'), { exitCode: 1, stderr: /no backup, or a damaged one/ });
  rmSync(state, { recursive: true });
  t.match(await ctl('backup', file), { exitCode: 1, stderr: /no manager has kept its state there yet/ });
  t.match(await runCtl(['backup', '--config', '/none', file]), { exitCode: 2, stderr: /HEC_CONFIG/ });
  t.notOk(existsSync(file));
});
