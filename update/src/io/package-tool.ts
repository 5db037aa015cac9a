/** Packages of this host, through its own package manager. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { PackageFormat, PackageIdentity } from '../core/package-name.ts';
import { packageNames } from '../core/package-name.ts';
import { lastLines, runCommand, runOrThrow } from './run-command.ts';

export interface PackageTool {
  readonly format: PackageFormat;
  /** Package → version, of those of Hecate. @throws HEC_STATE when one is half installed or on hold */
  installed(): Promise<ReadonlyMap<string, string>>;
  /** Of this host, as file names of packages have it. */
  machine(): Promise<string>;
  /** What a file says of itself. */
  identify(file: string): Promise<PackageIdentity>;
  /** All of them at once, older ones too; configuration that was edited stays. @throws HEC_STATE, HEC_TIMEOUT */
  install(files: readonly string[]): Promise<void>;
}

/** Packages unpack in seconds; a slow disk, or another installation that has to end first, takes minutes. */
const installTimeLimitMs = 10 * 60_000;

const keepEdited = ['--force-confdef', '--force-confold'];

const aptOptions = [
  ...['-o', 'DPkg::Lock::Timeout=300'],
  ...keepEdited.flatMap((option) => ['-o', `Dpkg::Options::=${option}`]),
  // Files in a folder of root's: apt's own user for downloads cannot read them, and says so.
  ...['-o', 'APT::Sandbox::User=root'],
];

export const debTool: PackageTool = {
  format: 'deb',
  async installed() {
    const format = `\${db:Status-Abbrev}\\t\${Package}\\t\${Version}\\n`;
    // Ends with 1 when one of them is not known, and tells of the others all the same.
    const { stdout } = await runCommand(['dpkg-query', '--show', `--showformat=${format}`, ...packageNames]);
    return debInstalled(stdout);
  },
  machine: async () => (await runOrThrow(['dpkg', '--print-architecture'])).trim(),
  async identify(file) {
    const text = await runOrThrow(['dpkg-deb', '--show', `--showformat=\${Package}\\t\${Version}`, file]);
    const [name = '', version = ''] = text.split('\t');
    return { name, version };
  },
  async install(files) {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const settings = { timeLimitMs: installTimeLimitMs, env };
    const apt = [
      'apt-get',
      ...aptOptions,
      'install',
      '--yes',
      '--allow-downgrades',
      '--no-install-recommends',
      // Rather than keeping what fits together, it would remove what does not: a manager, say.
      '--no-remove',
    ];
    const { exitCode, stdout, stderr } = await runCommand([...apt, ...files], settings);
    if (exitCode === 0) return;
    // What was cut short has packages of two releases: apt does nothing then, and dpkg puts all of one there at once.
    await runOrThrow(['dpkg', ...keepEdited, '--install', ...files], settings).catch((thrown: unknown) => {
      const said = `apt-get ended with ${exitCode}: ${lastLines(stderr || stdout)}`;
      throw new HecateError('HEC_STATE', `${said}; ${asHecateError(thrown).message}`, '', thrown);
    });
    await runOrThrow(['dpkg', ...keepEdited, '--configure', '-a'], settings);
  },
};

/**
 * @param text of dpkg-query: its three letters of status (wanted, is, error), name and version, parted by tabs
 * @throws HEC_STATE
 */
export function debInstalled(text: string): ReadonlyMap<string, string> {
  const installed = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [status = '', name = '', version = ''] = line.split('\t');
    const [wanted = '', is = 'n', error = ' '] = status;
    // Not there, or only its configuration.
    if ('nc'.includes(is)) continue;
    if (is !== 'i' || error !== ' ')
      throw new HecateError('HEC_STATE', `${name} ${version} is half installed`, 'dpkg --configure -a');
    if (wanted === 'h')
      throw new HecateError('HEC_STATE', `${name} ${version} is on hold`, `apt-mark unhold ${name}`);
    installed.set(name, version);
  }
  return installed;
}

/** The release of a package is nothing of ours: of a version there is one. */
export const rpmTool: PackageTool = {
  format: 'rpm',
  async installed() {
    const { stdout } = await runCommand([
      'rpm',
      '-q',
      '--queryformat',
      '%{NAME}\\t%{VERSION}\\n',
      ...packageNames,
    ]);
    const lines = stdout.split('\n').map((line) => line.split('\t'));
    return new Map(
      lines
        .filter(([, version]) => version !== undefined)
        .map(([name = '', version = '']) => [name, version]),
    );
  },
  machine: async () => (await runOrThrow(['rpm', '--eval', '%{_arch}'])).trim(),
  async identify(file) {
    const text = await runOrThrow(['rpm', '-qp', '--queryformat', '%{NAME}\\t%{VERSION}', file]);
    const [name = '', version = ''] = text.split('\t');
    return { name, version };
  },
  async install(files) {
    await runOrThrow(['rpm', '--upgrade', '--oldpackage', '--replacepkgs', ...files], {
      timeLimitMs: installTimeLimitMs,
    });
  },
};

/**
 * What has installed Hecate on this host: a Debian may have rpm's tools, and a Fedora dpkg's.
 * @throws HEC_UNSUPPORTED when none has
 */
export async function packageToolOfHost(): Promise<PackageTool> {
  for (const tool of [debTool, rpmTool]) if (await hasInstalled(tool)) return tool;
  throw new HecateError(
    'HEC_UNSUPPORTED',
    'neither dpkg nor rpm has installed a package of Hecate here',
    'hecate-update is for hosts that run the packages',
  );
}

async function hasInstalled(tool: PackageTool): Promise<boolean> {
  try {
    return (await tool.installed()).size > 0;
  } catch (thrown) {
    const { code } = asHecateError(thrown);
    // Half installed or on hold, which is said when it matters.
    if (code === 'HEC_STATE') return true;
    if (code === 'HEC_UNSUPPORTED') return false;
    throw thrown;
  }
}
