/** An .rpm out of a package's contents, by a spec file that is written here: https://rpm.org/documentation */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { billOfMaterials, homepage, licencesText, maintainer } from './documents.ts';
import type { PackOptions } from './pack-options.ts';
import type { PackageContents, PackageFile } from './package-file.ts';
import { architectureWords, packageVersion, type Release } from './release.ts';
import { stage } from './stage.ts';

/** Of what a release is packed anew for, without a change of its own. */
const packagingRelease = 1;

/** The same file where distributions with rpm look for it. */
export const rpmTarget = (target: string): string =>
  target.replace('/usr/share/zsh/vendor-completions/', '/usr/share/zsh/site-functions/');

const licencePath = (name: string): string => `/usr/share/licenses/${name}/LICENSE`;

function documents(root: string, contents: PackageContents, release: Release): PackageFile[] {
  return [
    { target: licencePath(contents.name), source: { contents: licencesText(root, contents.components) } },
    {
      target: `/usr/share/doc/${contents.name}/sbom.cdx.json`,
      source: { contents: billOfMaterials(contents, release) },
    },
  ];
}

/** Folders that no package of the distribution has, or that several of ours share. */
function ownFolders(files: readonly PackageFile[]): string[] {
  const folders = new Set<string>();
  for (const { target } of files) {
    const ours = /^(\/etc\/hecate|\/usr\/lib\/hecate|\/usr\/share\/(?:doc|licenses)\/[^/]+)(?=\/)/.exec(
      target,
    )?.[1];
    if (ours === undefined) continue;
    for (let folder = dirname(target); folder.length >= ours.length; folder = dirname(folder))
      folders.add(folder);
  }
  return [...folders].toSorted();
}

function fileLine({ target, mode, isConfig, source }: PackageFile): string {
  if ('link' in source) return target;
  const attributes = `%attr(${(mode ?? 0o644).toString(8)},root,root)`;
  if (isConfig) return `${attributes} %config(noreplace) ${target}`;
  if (target.startsWith('/usr/share/licenses/')) return `${attributes} %license ${target}`;
  if (/^\/usr\/share\/(doc|man)\//.test(target)) return `${attributes} %doc ${target}`;
  return `${attributes} ${target}`;
}

/** %post and its like, as packaging/rpm has them: NAME.post, NAME.preun, NAME.postun. */
function scripts(root: string, name: string): string[] {
  return globSync(`packaging/rpm/${name}.{post,preun,postun}`, { cwd: root })
    .toSorted()
    .map(
      (file) =>
        `%${basename(file).slice(name.length + 1)}\n${readFileSync(join(root, file), 'utf8').trim()}\n`,
    );
}

function specText(
  contents: PackageContents,
  release: Release,
  files: readonly PackageFile[],
  options: PackOptions,
): string {
  const version = packageVersion(release.version);
  const requires = [
    ...contents.needs.map((name) => `${name} = ${version}-${packagingRelease}`),
    ...contents.rpm.depends,
  ];
  const date = new Date(release.epochSeconds * 1000)
    .toUTCString()
    .replace(/^(\w+), (\d+) (\w+) (\d+).*/, '$1 $3 $2 $4');
  const maker = `${maintainer} - ${version}-${packagingRelease}`;
  return `# Nothing is built or found out here: what is packed is as it was staged, for every distribution the same.
%global __os_install_post %{nil}
%global debug_package %{nil}
%global _build_id_links none
%global _buildhost hecate
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global source_date_epoch_from_changelog 0
%global _binary_payload ${options.isQuick ? 'w1.gzdio' : 'w6.xzdio'}

Name: ${contents.name}
Version: ${version}
Release: ${packagingRelease}
Summary: ${contents.summary[0]?.toUpperCase()}${contents.summary.slice(1)}
License: Apache-2.0
URL: ${homepage}
Group: System Environment/Daemons
AutoReqProv: no
${requires.map((name) => `Requires: ${name}`).join('\n')}
${contents.rpm.suggests.map((name) => `Suggests: ${name}`).join('\n')}

%description
${contents.description.join('\n')}

%install
cp -a ${join(options.scratch, 'tree')}/. %{buildroot}

${scripts(options.root, contents.name).join('\n')}
%files
${ownFolders(files)
  .map((folder) => `%dir %attr(755,root,root) ${folder}`)
  .join('\n')}
${files.map(fileLine).join('\n')}

%changelog
* ${date} ${maker}
- Release ${release.version}.
`;
}

/** @returns the path of the package. The same contents give the same bytes. */
export function packRpm(contents: PackageContents, release: Release, options: PackOptions): string {
  const files = [...contents.files, ...documents(options.root, contents, release)].map((file) => ({
    ...file,
    target: rpmTarget(file.target),
  }));
  stage(join(options.scratch, 'tree'), files, release.epochSeconds);
  const spec = join(options.scratch, `${contents.name}.spec`);
  writeFileSync(spec, specText(contents, release, files, options));
  const { rpm } = architectureWords(release.architecture);
  const architecture = contents.architecture === 'all' ? 'noarch' : rpm;
  execFileSync(
    'rpmbuild',
    ['-bb', '--quiet', '--target', architecture, '--define', `_topdir ${join(options.scratch, 'rpm')}`, spec],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epochSeconds) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const name = `${contents.name}-${packageVersion(release.version)}-${packagingRelease}.${architecture}.rpm`;
  const path = join(options.output, name);
  const built = join(options.scratch, 'rpm/RPMS', architecture, name);
  if (!existsSync(built)) throw new Error(`rpmbuild made no ${built}`);
  move(built, path);
  return path;
}

/** Also to another file system, as /tmp may be. */
function move(from: string, to: string): void {
  writeFileSync(`${to}.new`, readFileSync(from));
  renameSync(`${to}.new`, to);
}
