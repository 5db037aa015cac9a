import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { execute } from './execute.ts';
import { skipUnless } from './fleet-for-test.ts';
import { repositoryFolder } from './user-node.ts';

const script = join(repositoryFolder, 'scripts', 'system-packages.sh');

/** Runs the script where only a few commands exist; `apt-get`, if given, is a shell script. */
async function run(t: Test, uid: number, aptGet?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-path-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const command of ['mktemp', 'tail', 'rm', 'systemctl', 'journalctl']) {
    symlinkSync(`/usr/bin/${command}`, join(folder, command));
  }
  const program = (name: string, text: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program('id', `echo ${uid}`);
  if (aptGet !== undefined) program('apt-get', `echo "$@" >> ${folder}/calls\n${aptGet}`);
  const result = await execute(['/bin/sh', script], { env: { PATH: folder } });
  const calls = aptGet === undefined ? '' : readFileSync(join(folder, 'calls'), 'utf8');
  return { ...result, calls };
}

t.test('without root it names what is missing, and goes on', async (t) => {
  const { exitCode, stderr } = await run(t, 1000);
  t.equal(exitCode, 0);
  t.match(stderr, /missing system packages .*util-linux.*systemd-container mmdebstrap/);
  t.match(stderr, /sudo apt-get install /);
});

t.test('as root it installs, and fetches the package lists only when it must', async (t) => {
  const first = await run(t, 0, 'exit 0');
  t.equal(first.exitCode, 0);
  t.match(first.calls, /install -y --no-install-recommends .*systemd-container/);
  t.notMatch(first.calls, 'update');
  const second = await run(t, 0, 'case "$*" in *update*) exit 0 ;; esac; exit 1');
  t.match(
    second.calls,
    /install[^\n]*\n[^\n]*update\n[^\n]*install/,
    'a failed install, an update, another install',
  );
});

t.test('when nothing helps it says what apt-get said, and goes on', async (t) => {
  const { exitCode, stderr } = await run(t, 0, 'echo "E: no network" >&2; exit 100');
  t.equal(exitCode, 0);
  t.match(stderr, 'E: no network');
  t.match(stderr, /going on without/);
});

t.test(
  'when all is there it does nothing and says nothing',
  { skip: await skipUnless('booted') },
  async (t) => {
    const result = await execute(['sh', script]);
    t.equal(result.exitCode, 0);
    t.equal((await execute(['sh', script])).stderr, '', 'at the latest the second time');
  },
);
