/** What packaging/install.sh says to bad input, before it looks at the host at all; and how its text is checked. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { execute } from '../nodes/execute.ts';
import { repositoryFolder } from '../nodes/user-node.ts';

const script = join(repositoryFolder, 'packaging/install.sh');
const path = '/usr/sbin:/usr/bin:/sbin:/bin';
const secret = 'a secret with blanks';

interface Refusal {
  readonly why: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const refusals: readonly Refusal[] = [
  { why: 'an unknown argument', args: ['--force'], says: /unknown argument --force; .*--help/ },
  { why: 'no folder of packages', args: ['--packages'], says: /--packages needs a folder/ },
  { why: 'a folder that is not there', args: ['--packages', '/nowhere'], says: /\/nowhere: no such folder/ },
  { why: '--purge alone', args: ['--purge'], says: /--purge goes with --uninstall only/ },
  {
    why: 'an unknown role',
    env: { HECATE_ROLE: 'server' },
    says: /HECATE_ROLE=server: must be manager, agent/,
  },
  {
    why: 'a switch that is none',
    env: { HECATE_ENABLE_BOOTSTRAP: 'yes' },
    says: /BOOTSTRAP=yes: must be 0 or 1/,
  },
  { why: 'another switch', env: { HECATE_MANAGE_NUT: 'on' }, says: /HECATE_MANAGE_NUT=on: must be 0 or 1/ },
  {
    why: 'bootstrap without a manager',
    env: { HECATE_ROLE: 'agent', HECATE_ENABLE_BOOTSTRAP: '1' },
    says: /only on the host of the manager/,
  },
  {
    why: 'a short vendor',
    env: { HECATE_NUT_VENDOR_ID: '764' },
    says: /VENDOR_ID=764: must be four hexadecimal/,
  },
  {
    why: 'a vendor with more',
    env: { HECATE_NUT_VENDOR_ID: '0x0764' },
    says: /must be four hexadecimal digits/,
  },
  {
    why: 'a product that is none',
    env: { HECATE_NUT_PRODUCT_ID: 'wxyz' },
    says: /PRODUCT_ID=wxyz: must be four/,
  },
  {
    why: 'a name of two words',
    env: { HECATE_NUT_UPS_NAME: 'my ups' },
    says: /UPS_NAME=my ups: must be 1 to 32/,
  },
  { why: 'a name that ends a section', env: { HECATE_NUT_UPS_NAME: 'a]' }, says: /UPS_NAME=a\]: must be/ },
  { why: 'a path for a name', env: { HECATE_NUT_UPS_NAME: '../x' }, says: /UPS_NAME=\.\.\/x: must be/ },
  { why: 'a long name', env: { HECATE_NUT_UPS_NAME: 'u'.repeat(33) }, says: /must be 1 to 32/ },
  { why: 'a user of two lines', env: { HECATE_NUT_MONITOR_USER: 'a\nb' }, says: /MONITOR_USER=a/ },
  { why: "Hecate's own user", env: { HECATE_NUT_MONITOR_USER: 'hecate' }, says: /Hecate's own user/ },
  { why: 'a host name to listen on', env: { HECATE_NUT_LISTEN: 'ups.lan' }, says: /must be an IP address/ },
  {
    why: 'a password with blanks',
    env: { HECATE_NUT_MONITOR_PASSWORD: secret },
    says: /must be letters, digits/,
  },
  {
    why: 'a short password',
    env: { HECATE_NUT_MONITOR_PASSWORD: 'short' },
    says: /must be 8 to 64 characters/,
  },
];

const without = (program: string): false | string => !existsSync(program) && `${program} is not installed`;

const install = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execute(['sh', script, ...args], { env: { PATH: path, ...env } });

t.test('bad input ends with 2 and a sentence, and nothing else is said', async (t) => {
  for (const { why, args = [], env, says } of refusals) {
    const { exitCode, stdout, stderr } = await install(['--dry-run', ...args], env);
    t.equal(exitCode, 2, why);
    t.equal(stdout, '', why);
    t.match(stderr, says, why);
    t.match(stderr, /^install\.sh: /, why);
    t.notMatch(stderr, secret, `${why}: no secret`);
  }
});

t.test('--help tells every variable that the script reads', async (t) => {
  const { exitCode, stdout } = await install(['--help']);
  t.equal(exitCode, 0);
  const { stdout: text } = await execute(['cat', script]);
  const read = new Set([...text.matchAll(/\$\{(HECATE_[A-Z_]+)/g)].map(([, name]) => name ?? ''));
  t.ok(read.size >= 9, `${read.size} variables`);
  for (const name of read) t.match(stdout, new RegExp(`^  ${name}\\b`, 'm'));
});

t.test('a folder without packages is told as such', { skip: without('/usr/bin/apt-get') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-install-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const env = { HECATE_MANAGE_NUT: '0', HECATE_ROLE: 'agent' };
  const { exitCode, stderr } = await install(['--dry-run', '--packages', folder], env);
  t.equal(exitCode, 1);
  t.match(stderr, `no package of hecate-runtime for this machine in ${folder}`);
});

t.test('shellcheck finds nothing', { skip: without('/usr/bin/shellcheck') }, async (t) => {
  const files = ['packaging/install.sh', 'packaging/nut/nut.sh'];
  const { exitCode, stdout } = await execute(['shellcheck', '-x', ...files], { cwd: repositoryFolder });
  t.equal(exitCode, 0, stdout);
});
