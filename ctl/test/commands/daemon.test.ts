/** `hecate daemon`: becomes hecate-manager, which is the same process. */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { managerProgram } from '../../src/io/manager-program.ts';
import { runCtl, startCtl } from '../support/run-ctl.ts';

t.setTimeout(60_000);
const folder = mkdtempSync(join(tmpdir(), 'hecate-daemon-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const program = resolve(import.meta.dirname, '../../bin/hecatectl.js');

t.test('it runs with the configuration that is named', async (t) => {
  const config = join(folder, 'hecate.yaml');
  const socket = join(folder, 'manager.sock');
  writeFileSync(
    config,
    JSON.stringify({
      site: 'daemon',
      listen: ['127.0.0.1:0'],
      names: ['127.0.0.1'],
      sockets: [{ path: socket, role: 'admin', mode: '0600' }],
      metrics: { enabled: false },
      audit: { file: join(folder, 'audit.jsonl') },
      state_directory: join(folder, 'state'),
    }),
  );
  const daemon = startCtl(['daemon', '--config', config]);
  t.teardown(() => daemon.child.kill('SIGKILL'));
  const answer = await until(
    async () => {
      const result = await runCtl(['health', '-o', 'json'], { socket });
      return result.stdout !== '' && result;
    },
    { what: 'the manager answers' },
  );
  t.equal(JSON.parse(answer.stdout).site, 'daemon');
  daemon.child.kill('SIGTERM');
  const { exitCode, signal } = await daemon.result;
  t.same([exitCode, signal], [0, null], 'it ends in order, under the id that was started');
  writeFileSync(config, 'site: [');
  const broken = await runCtl(['daemon', '--config', config]);
  t.equal(broken.exitCode, 2);
  t.match(broken.stderr, /^hecate-manager: /, "the manager's own words");
});

t.test('a manager that runs is none to become', async (t) => {
  const refused = await runCtl(['daemon', '--socket', '/run/x.sock']);
  t.equal(refused.exitCode, 2);
  t.match(refused.stderr, /daemon is the manager itself/);
});

t.test('where its program is', async (t) => {
  const alone = join(folder, 'alone', 'hecatectl');
  t.equal(managerProgram(alone, '/nonexistent'), undefined);
  t.same(managerProgram(program, '/nonexistent'), [
    process.execPath,
    resolve(import.meta.dirname, '../../../manager/bin/hecate-manager.js'),
  ]);
  const installed = join(folder, 'hecate-manager');
  writeFileSync(installed, '#!/bin/sh\n');
  t.equal(managerProgram(alone, folder), undefined, 'it must be a program');
  chmodSync(installed, 0o755);
  t.same(managerProgram(alone, `:/nonexistent:${folder}`), [installed]);
  symlinkSync(program, join(folder, 'hecate'));
  t.same(managerProgram(join(folder, 'hecate'), ''), [installed], 'beside the name it was called by');
});
