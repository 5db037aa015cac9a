/** Manual pages and completions: current, complete, and really usable by man and by the shells. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { completions } from '../../scripts/generate/completion.ts';
import { exitCodesPage } from '../../scripts/generate/exit-codes.ts';
import { manPages } from '../../scripts/generate/man.ts';
import { commandNames } from '../src/commands/index.ts';
import { listNodes, listUnits } from './support/answers.ts';
import { getPlan, listRuns } from './support/run-answers.ts';
import { withManager } from './support/with-manager.ts';

const root = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const without = (program: string): string | false => (has(program) ? false : `${program} is not installed`);

t.setTimeout(180_000);

t.test('what is generated is current', async (t) => {
  const all = { ...manPages, ...completions, 'docs/exit-codes.md': exitCodesPage };
  for (const [file, generate] of Object.entries(all)) {
    t.ok(
      readFileSync(join(root, file), 'utf8') === (await generate()),
      `${file} is current (else: npm run generate)`,
    );
  }
  const pages = readdirSync(join(root, 'packaging/man')).filter((file) => file.startsWith('hecatectl'));
  t.same(
    pages.sort(),
    Object.keys(manPages)
      .map((file) => file.slice('packaging/man/'.length))
      .sort(),
    'no page of a command that is gone',
  );
});

t.test('every command has a page, named as man looks for it', async (t) => {
  for (const name of commandNames)
    t.ok(existsSync(join(root, `packaging/man/hecatectl-${name.replace(' ', '-')}.1`)), name);
});

t.test('the pages render without a warning', { skip: without('groff') }, async (t) => {
  for (const file of Object.keys(manPages)) {
    const { stdout, stderr } = await execute('groff', ['-ww', '-man', '-Tutf8', '-P-c', join(root, file)], {
      maxBuffer: 1 << 24,
    });
    t.equal(stderr, '', file);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: grotty writes bold by striking twice
    t.match(stdout.replace(/.\x08/g, ''), /EXIT STATUS/);
  }
});

t.test('man shows them', { skip: without('man') }, async (t) => {
  const shown = await execute('man', ['-l', join(root, 'packaging/man/hecatectl-start.1')], {
    env: { ...process.env, MANPAGER: 'cat', MANWIDTH: '100' },
  });
  t.match(shown.stdout, /hecatectl start \[OPTIONS\] NODE UNIT\.\.\./);
});

/** A folder with `hecatectl` in it, for shells that look it up. */
function programFolder(t: { teardown(end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-shell-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(root, 'ctl/bin/hecatectl.js'), join(folder, 'hecatectl'));
  symlinkSync(process.execPath, join(folder, 'node'));
  return folder;
}

const lines: readonly (readonly [string, readonly string[]])[] = [
  ['hecatectl st', ['start', 'startup', 'status', 'stop']],
  ['hecatectl plan c', ['check']],
  ['hecatectl plan sh', ['shutdown']],
  ['hecatectl plan check sta', ['startup']],
  ['hecatectl plan shutdown --mode cl', ['cluster-only']],
  ['hecatectl runs watch 01', ['01KASVJ5T0ABCDEFGHJKMNPQRS']],
  ['hecatectl node re', ['revoke']],
  ['hecatectl start --job-mode re', ['replace', 'replace-irreversibly', 'restart-dependencies']],
  ['hecatectl -o js', ['json', 'jsonl']],
  ['hecatectl start node-', ['node-a', 'node-b', 'node-c']],
  ['hecatectl start node-a k', ['k3s.service']],
  ['hecatectl start --all k', ['k3s.service']],
  ['hecatectl --all stop e', ['evil.service']],
  ['hecatectl set-log-level de', ['debug']],
  ['hecatectl completion z', ['zsh']],
];

t.test('bash completes', { skip: without('bash') }, async (t) => {
  const { manager } = await withManager(t, { getPlan, listNodes, listRuns, listUnits });
  const folder = programFolder(t);
  const script = join(folder, 'try.bash');
  writeFileSync(
    script,
    `source "$1"; shift
for line in "$@"; do
  COMP_LINE=$line COMP_POINT=\${#line} COMP_WORDS=($line) COMPREPLY=()
  "$(complete -p hecatectl | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
  printf '%s\\n' "\${COMPREPLY[*]}"
done
`,
  );
  const more: typeof lines = [
    ['hecatectl start node-a,node-', ['node-a,node-a', 'node-a,node-b', 'node-a,node-c']],
    ['hecatectl exec node-a -- l', []],
    ['hecatectl kill node-a k3s --kill-whom ', ['all', 'control', 'main']],
  ];
  const all = [...lines, ...more];
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    HECATE_SOCKET: manager.socketPath,
    HECATE_FROM_SOURCE: '1',
  };
  const argv = [script, join(root, 'packaging/completions/hecatectl.bash'), ...all.map(([line]) => line)];
  const { stdout, stderr } = await execute('bash', argv, { env });
  t.equal(stderr, '');
  const answers = stdout.split('\n');
  for (const [index, [line, expected]] of all.entries()) {
    t.same((answers[index] ?? '').split(' ').filter(Boolean).sort(), expected, line);
  }
});

t.test('fish completes', { skip: without('fish') }, async (t) => {
  const { manager } = await withManager(t, { getPlan, listNodes, listRuns, listUnits });
  const folder = programFolder(t);
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    HOME: folder,
    HECATE_SOCKET: manager.socketPath,
    HECATE_FROM_SOURCE: '1',
  };
  const file = join(root, 'packaging/completions/hecatectl.fish');
  for (const [line, expected] of lines) {
    const { stdout, stderr } = await execute('fish', ['-N', '-c', `source ${file}; complete -C '${line}'`], {
      env,
    });
    t.equal(stderr, '');
    const words = stdout.split('\n').map((each) => each.split('\t')[0] ?? '');
    t.same(words.filter(Boolean).sort(), expected, line);
  }
});

t.test('zsh takes the script', { skip: without('zsh') }, async (t) => {
  const file = join(root, 'packaging/completions/_hecatectl');
  execFileSync('zsh', ['-n', file]);
  const { stdout } = await execute('zsh', [
    '-f',
    '-c',
    `fpath=(${join(file, '..')} $fpath); autoload -Uz compinit; compinit -u -D; print -- $_comps[hecatectl] $_comps[hecate]`,
  ]);
  t.equal(stdout.trim(), '_hecatectl _hecatectl');
});

t.test('the script that is printed is the one that is packaged', async (t) => {
  const { ctl } = await withManager(t);
  const shown = await ctl('completion', 'bash');
  t.equal(shown.stdout, readFileSync(join(root, 'packaging/completions/hecatectl.bash'), 'utf8'));
});
