/**
 * The packages themselves: the same commit gives the same bytes, both formats hold the same, what is bundled is named
 * with its licence.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { baseImage } from '../nodes/base-image.ts';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { lacking } from './support/lacking.ts';

const timeout = 280_000;
t.setTimeout(timeout);

const names = ['hecate-agent', 'hecate-manager', 'hecate-runtime', 'hecatectl'];
const skip = await lacking(['strip', 'dpkg-deb', 'rpm', 'rpmbuild']);
const folder = mkdtempSync(join(tmpdir(), 'hecate-packages-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(argv, {
    timeoutMs: timeout,
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}

/** @param umask and env as another person on another machine may have them */
function build(name: string, umask: string, env: Record<string, string>): Promise<string> {
  const script = 'umask "$1"; shift; exec "$@"';
  const program = [
    process.execPath,
    join(repositoryFolder, 'scripts/package.ts'),
    '--quick',
    '--output',
    join(folder, name),
  ];
  return run(['sh', '-c', script, 'sh', umask, ...program], { SOURCE_DATE_EPOCH: '1700000000', ...env });
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const packages = (name: string, format: string): string[] =>
  globSync(join(folder, name, `*.${format}`)).toSorted();

t.test('the same commit gives the same bytes', { skip, timeout }, async (t) => {
  const said = await build('one', '022', { LANG: 'C.UTF-8', TZ: 'UTC' });
  t.match(said, /packed \S+hecate-agent_\S+\.deb \d+\.\d+ MB/, 'sizes are told');
  await build('two', '077', { LANG: 'C', TZ: 'Pacific/Auckland', HOME: folder });
  for (const format of ['deb', 'rpm']) {
    t.equal(packages('one', format).length, names.length);
    for (const path of packages('one', format))
      t.equal(digest(join(folder, 'two', basename(path))), digest(path), basename(path));
  }
});

/** Mode, kind and contents of every file below a root, but for what each format says in a place of its own. */
const inventory = `cd "$1"; find . -path ./usr/share/doc/\\*/copyright -o -path ./usr/share/doc/\\*/changelog.gz \\
  -o -path ./usr/share/licenses/\\* -o -path ./usr/share/lintian/\\* -o -type d -o -type l -printf '%P -> %l\\n' \\
  -o -printf '%m %P ' -exec sh -c 'sha256sum < "$1"' sh {} \\;`;

const sorted = (text: string): string[] =>
  text.replaceAll('zsh/vendor-completions/', 'zsh/site-functions/').split('\n').filter(Boolean).toSorted();

t.test('.rpm and .deb hold the same', { skip, timeout }, async (t) => {
  const [deb, rpm] = [join(folder, 'tree-deb'), join(folder, 'tree-rpm')];
  for (const path of packages('one', 'deb')) await run(['dpkg-deb', '-x', path, deb]);
  const install = ['rpm', '--root', rpm, '--force-debian', '--install', '--nodeps', '--noscripts'];
  await run([...install, ...packages('one', 'rpm')]);
  await run(['rm', '-rf', join(rpm, 'root')]);
  const list = async (tree: string) => sorted(await run(['sh', '-c', inventory, 'sh', tree]));
  const files = await list(deb);
  t.ok(files.length > 100, `${files.length} files`);
  t.same(await list(rpm), files);
  for (const name of names) {
    const [ours = ''] = packages('one', 'deb').filter((path) => basename(path).startsWith(`${name}_`));
    const [theirs = ''] = packages('one', 'rpm').filter((path) => basename(path).startsWith(`${name}-0`));
    const conffiles = await run(['sh', '-c', 'dpkg-deb -I "$1" conffiles 2>/dev/null || true', 'sh', ours]);
    const configFiles = await run(['rpm', '-qp', '--configfiles', theirs]);
    t.same(sorted(configFiles), sorted(conffiles), `${name}: configuration`);
  }
  t.same(
    readdirSync(join(deb, 'usr/lib/hecate/bin')).toSorted(),
    [
      ...['hecate-agent.mjs', 'hecate-manager.mjs', 'hecate-update.mjs'],
      ...['hecatectl-bundle.cjs', 'hecatectl.cjs', 'node'],
    ],
    'each is one file: what an upgrade takes away beneath a program that runs has been read',
  );
  const wanted = 'usr/lib/systemd/system/multi-user.target.wants/hecate-update-resume.service';
  t.equal(readlinkSync(join(deb, wanted)), '../hecate-update-resume.service');
  t.ok(existsSync(join(rpm, wanted)), 'an update that was cut short is part of every boot, and of no preset');
});

/** rpm in a root of its own, on a copy-on-write Debian: no rpm distribution can be had here, their systemd is the same. */
const rpmScript = `set -eu
image=$1 scratch=$2; shift 2
mkdir -p "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
mount -t proc proc "$scratch/root/proc"
root=$scratch/root
rpm() { command rpm --root "$root" --force-debian --nodeps "$@" 2>&1; }
rpm --install "$@"
chroot "$root" getent passwd hecate
stat -c '%a %n' "$root/var/lib/hecate-agent"
chroot "$root" /usr/bin/hecate-agent --version
chroot "$root" /usr/bin/hecatectl version --client
chroot "$root" /usr/bin/hecate-manager --check
echo '# edited' >> "$root/etc/hecate/agent.conf"
rpm --upgrade --replacepkgs "$@"
tail -n 1 "$root/etc/hecate/agent.conf"
ls "$root/etc/hecate"
chroot "$root" systemctl enable hecate-update.timer
rpm --erase hecate-agent hecate-manager hecatectl hecate-runtime
echo left:
ls "$root/etc/hecate"
find "$root/usr" "$root/etc/systemd" -name '*hecate*' -not -path '*/journald.conf.d/*'
`;

t.test(
  '.rpm in a root of its own, with its scripts',
  { skip: skip || (await skipUnless('booted')), timeout },
  async (t) => {
    const scratch = mkdtempSync(join(tmpdir(), 'hecate-rpm-'));
    t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
    const argv = ['unshare', '--mount', 'sh', '-c', rpmScript, 'sh', await baseImage(), scratch];
    const said = await run([...argv, ...packages('one', 'rpm')]);
    const version = (
      JSON.parse(readFileSync(join(repositoryFolder, 'lerna.json'), 'utf8')) as { version: string }
    ).version;
    t.match(said, /^hecate:x:\d+:\d+:Hecate manager:/m);
    t.match(said, /^700 \S+\/var\/lib\/hecate-agent$/m);
    for (const program of ['hecate-agent', 'hecatectl']) t.match(said, `${program} ${version}`);
    t.match(said, '/etc/hecate/hecate.yaml is valid');
    const after = said.slice(said.indexOf('is valid'));
    t.match(after, /# edited\nagent-policy\.conf\nagent\.conf\nhecate\.yaml\n/, 'an edited file is kept');
    t.match(after, /^left:\nagent\.conf\.rpmsave\n$/m, 'also when the package goes, and nothing else');
    t.notMatch(said, /error|failed|warning: %/i);
  },
);

t.test('what is bundled is named, with its licence', { skip }, async (t) => {
  const read = (name: string, file: string): string =>
    readFileSync(join(folder, 'tree-deb/usr/share/doc', name, file), 'utf8');
  for (const [name, part] of [
    ['hecate-agent', 'agent'],
    ['hecate-manager', 'manager'],
    ['hecatectl', 'ctl'],
  ] as const) {
    const { dependencies } = JSON.parse(
      readFileSync(join(repositoryFolder, part, 'package.json'), 'utf8'),
    ) as {
      dependencies: Record<string, string>;
    };
    const bill = JSON.parse(read(name, 'sbom.cdx.json')) as {
      components: { name: string; version: string }[];
    };
    const listed = new Map(bill.components.map((component) => [component.name, component.version]));
    for (const [dependency, version] of Object.entries(dependencies)) {
      if (dependency.startsWith('@hecate/')) continue;
      t.equal(listed.get(dependency), version, `${name}: ${dependency}`);
      t.match(read(name, 'copyright'), `Contains ${dependency} ${version}, license: `);
    }
  }
  t.match(read('hecate-runtime', 'sbom.cdx.json'), `"version": "${process.versions.openssl}"`);
});

t.test('the runtime needs no newer libraries than its package says', { skip }, async (t) => {
  const node = join(folder, 'tree-deb/usr/lib/hecate/bin/node');
  const needed = await run([
    'sh',
    '-c',
    'objdump -T "$1" | grep -oE "(GLIBC|GLIBCXX)_[0-9.]+" | sort -u',
    'sh',
    node,
  ]);
  const highest = (library: string): number =>
    Math.max(
      ...[...needed.matchAll(new RegExp(`^${library}_(?:3\\.4\\.|2\\.)(\\d+)`, 'gm'))].map((match) =>
        Number(match[1]),
      ),
    );
  t.equal(highest('GLIBC'), 28, 'libc6 (>= 2.28)');
  t.equal(highest('GLIBCXX'), 21, 'libstdc++6 (>= 5.2)');
});
