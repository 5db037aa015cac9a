/** The packages: which files are in them, and what they need. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compileProgram } from './compiled.ts';
import { gzip } from './documents.ts';
import type { PackageContents, PackageFile } from './package-file.ts';
import { type InstalledProgram, installProgram, runtimePath } from './programs.ts';
import type { Release } from './release.ts';
import { makeRuntime } from './runtime.ts';

/** Copies of files of the repository, by pattern, into one folder. */
function copies(
  root: string,
  pattern: string,
  folder: string,
  more: Partial<PackageFile> = {},
): PackageFile[] {
  const found = globSync(pattern, { cwd: root }).toSorted();
  if (found.length === 0) throw new Error(`${pattern}: no such files in ${root}`);
  return found.map((file) => ({
    target: `${folder}/${basename(file)}`,
    source: { path: join(root, file) },
    ...more,
  }));
}

/** A folder of the repository with all that is in it. */
function tree(root: string, from: string, folder: string): PackageFile[] {
  const files = globSync('**', { cwd: join(root, from) }).filter((file) =>
    statSync(join(root, from, file)).isFile(),
  );
  return files
    .toSorted()
    .map((file) => ({ target: `${folder}/${file}`, source: { path: join(root, from, file) } }));
}

const manuals = (root: string, pattern: string, section: number): PackageFile[] =>
  globSync(`packaging/man/${pattern}.${section}`, { cwd: root })
    .toSorted()
    .map((file) => ({
      target: `/usr/share/man/man${section}/${basename(file)}.gz`,
      source: { contents: gzip(readFileSync(join(root, file))) },
    }));

const units = (root: string, pattern: string): PackageFile[] =>
  copies(root, `systemd/${pattern}`, '/usr/lib/systemd/system');

const config = (root: string, file: string, target: string, mode = 0o644): PackageFile => ({
  target,
  source: { path: join(root, file) },
  mode,
  isConfig: true,
});

/** A second name, quicker to type. */
const shortName: readonly PackageFile[] = [
  { target: '/usr/bin/hecate', source: { link: 'hecatectl' } },
  { target: '/usr/share/man/man1/hecate.1.gz', source: { link: 'hecatectl.1.gz' } },
];

/** Of every boot, in both formats alike: no script enables it, and nobody's preset decides. */
const resumedAtBoot: readonly PackageFile[] = [
  {
    target: '/usr/lib/systemd/system/multi-user.target.wants/hecate-update-resume.service',
    source: { link: '../hecate-update-resume.service' },
  },
];

/**
 * Node.js 24 needs glibc 2.28 and the C++ library of GCC 5 (GLIBCXX_3.4.21), by `objdump -T node`; a test of the
 * packages looks again. rpm's own words for libraries are the same on every distribution.
 */
const runtimeNeeds = {
  debian: ['libc6 (>= 2.28)', 'libgcc-s1 | libgcc1', 'libstdc++6 (>= 5.2)'],
  rpm: ['libc.so.6(GLIBC_2.28)(64bit)', 'libgcc_s.so.1()(64bit)', 'libstdc++.so.6(GLIBCXX_3.4.21)(64bit)'],
};

async function runtimePackage(root: string, release: Release, scratch: string): Promise<PackageContents> {
  const { path, components } = makeRuntime(root, release.architecture, scratch);
  const update = await installProgram(root, 'update', release.version);
  return {
    name: 'hecate-runtime',
    summary: 'what the programs of Hecate run on',
    description: [
      'The Node.js that Hecate was built and tested with, in a place of its own:',
      "programs of other packages do not see it, and it is not the system's node.",
      'With hecate-update, which brings newer packages to a host.',
    ],
    architecture: 'host',
    needs: [],
    debian: { depends: runtimeNeeds.debian, suggests: ['gpgv', 'git'] },
    rpm: { depends: runtimeNeeds.rpm, suggests: ['gnupg2', 'git'] },
    files: [
      { target: runtimePath, source: { path }, mode: 0o755 },
      ...update.files,
      ...units(root, 'hecate-update.{service,timer}'),
      ...units(root, 'hecate-update-resume.service'),
      ...resumedAtBoot,
      ...manuals(root, 'hecate-update', 8),
    ],
    components: [...components, ...update.components],
  };
}

async function managerPackage(root: string, release: Release): Promise<PackageContents> {
  const program = await installProgram(root, 'manager', release.version);
  const documents = '/usr/share/doc/hecate-manager';
  return {
    name: 'hecate-manager',
    summary: 'ordered start and stop of a fleet of systemd hosts: the manager',
    description: [
      'Hecate applies unit operations to many hosts in order, with one definite',
      'outcome each: a start-up or a shutdown of a whole site, also when its UPS',
      'says that power is running out. One manager serves a site; every host runs',
      'a hecate-agent.',
    ],
    architecture: 'all',
    needs: ['hecate-runtime', 'hecatectl'],
    debian: { depends: ['systemd'], suggests: ['nut-server', 'logrotate'] },
    rpm: { depends: ['systemd'], suggests: ['nut', 'logrotate'] },
    files: [
      ...program.files,
      ...units(root, 'hecate-{manager,bootstrap}.service'),
      ...copies(root, 'systemd/sysusers.d/hecate.conf', '/usr/lib/sysusers.d'),
      config(root, 'packaging/config/hecate.yaml', '/etc/hecate/hecate.yaml'),
      config(root, 'packaging/logrotate/hecate', '/etc/logrotate.d/hecate'),
      ...copies(root, 'packaging/firewalld/hecate.xml', '/usr/lib/firewalld/services'),
      ...manuals(root, 'hecate-manager', 8),
      ...tree(root, 'packaging/examples', `${documents}/examples`),
      ...copies(root, 'packaging/grafana/hecate.json', `${documents}/examples`),
      ...copies(root, 'docs/{config,exit-codes,power,protocol,runs}.md', documents),
    ],
    components: program.components,
  };
}

async function agentPackage(root: string, release: Release): Promise<PackageContents> {
  const program = await installProgram(root, 'agent', release.version);
  return {
    name: 'hecate-agent',
    summary: 'ordered start and stop of a fleet of systemd hosts: the agent',
    description: [
      'The part of Hecate on every host: it dials the manager of its site, tells',
      "it the state of every unit, and applies operations through systemd's D-Bus,",
      'each at most once. A policy file on the host has the last word. It is',
      'started when the host has joined a site: see hecate-agent(8).',
    ],
    architecture: 'all',
    needs: ['hecate-runtime'],
    debian: { depends: ['dbus', 'systemd'], suggests: [] },
    rpm: { depends: ['dbus', 'systemd'], suggests: [] },
    files: [
      ...program.files,
      ...units(root, 'hecate-agent.service'),
      ...copies(root, 'systemd/tmpfiles.d/hecate.conf', '/usr/lib/tmpfiles.d'),
      config(root, 'packaging/config/agent.conf', '/etc/hecate/agent.conf'),
      config(root, 'packaging/config/agent-policy.conf', '/etc/hecate/agent-policy.conf'),
      ...manuals(root, 'hecate-agent', 8),
    ],
    components: program.components,
  };
}

/** @param compiled hecatectl as an executable of its own */
async function ctlPackage(
  root: string,
  release: Release,
  compiled: InstalledProgram | undefined,
): Promise<PackageContents> {
  const program = compiled ?? (await installProgram(root, 'ctl', release.version));
  return {
    name: 'hecatectl',
    summary: 'ordered start and stop of a fleet of systemd hosts: the command',
    description: [
      'Starts, stops and watches units on many hosts through the manager of a',
      "site: on the manager's host over its socket, elsewhere with an operator's",
      'certificate. With manual pages and completions for bash, zsh and fish.',
    ],
    architecture: compiled ? 'host' : 'all',
    needs: compiled ? [] : ['hecate-runtime'],
    debian: { depends: compiled ? ['libc6 (>= 2.17)'] : [], suggests: ['bash-completion'] },
    rpm: { depends: compiled ? ['libc.so.6(GLIBC_2.17)(64bit)'] : [], suggests: ['bash-completion'] },
    files: [
      ...program.files,
      ...shortName,
      ...copies(root, 'packaging/completions/hecatectl.bash', '/usr/share/bash-completion/completions').map(
        (file) => ({ ...file, target: file.target.replace('.bash', '') }),
      ),
      ...copies(root, 'packaging/completions/_hecatectl', '/usr/share/zsh/vendor-completions'),
      ...copies(root, 'packaging/completions/hecatectl.fish', '/usr/share/fish/vendor_completions.d'),
      ...manuals(root, 'hecatectl*', 1),
    ],
    components: program.components,
  };
}

export interface DescribeOptions {
  /** A folder for what is made on the way. */
  readonly scratch: string;
  /** The program `bun`, to compile hecatectl with; undefined: it runs on hecate-runtime like the others. */
  readonly bun?: string;
}

/** Everything that is in the packages, programs bundled and the runtime stripped. */
export async function describePackages(
  root: string,
  release: Release,
  { scratch, bun }: DescribeOptions,
): Promise<readonly PackageContents[]> {
  const compiled =
    bun === undefined
      ? undefined
      : await compileProgram('ctl', { root, version: release.version, bun, scratch });
  return [
    await runtimePackage(root, release, scratch),
    await managerPackage(root, release),
    await agentPackage(root, release),
    await ctlPackage(root, release, compiled),
  ];
}
