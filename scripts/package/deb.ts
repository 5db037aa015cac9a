/** A .deb out of a package's contents: https://www.debian.org/doc/debian-policy/ch-controlfields.html */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { billOfMaterials, changelogText, debianCopyright, gzip, homepage, maintainer } from './documents.ts';
import type { PackOptions } from './pack-options.ts';
import type { PackageContents, PackageFile } from './package-file.ts';
import { architectureWords, packageVersion, type Release } from './release.ts';
import { stage } from './stage.ts';

/** Documents that every Debian package has. */
function documents(root: string, contents: PackageContents, release: Release): PackageFile[] {
  const folder = `/usr/share/doc/${contents.name}`;
  const overrides = join(root, 'packaging/deb', `${contents.name}.lintian-overrides`);
  return [
    {
      target: `${folder}/changelog.gz`,
      source: { contents: gzip(changelogText(release)) },
    },
    { target: `${folder}/copyright`, source: { contents: debianCopyright(contents.components) } },
    { target: `${folder}/sbom.cdx.json`, source: { contents: billOfMaterials(contents, release) } },
    ...(existsSync(overrides)
      ? [{ target: `/usr/share/lintian/overrides/${contents.name}`, source: { path: overrides } }]
      : []),
  ];
}

const sizeOf = ({ source }: PackageFile): number => {
  if ('link' in source) return 0;
  return 'path' in source ? statSync(source.path).size : Buffer.byteLength(source.contents);
};

function controlText(contents: PackageContents, release: Release, files: readonly PackageFile[]): string {
  const version = packageVersion(release.version);
  const { debian } = contents;
  const depends = [...contents.needs.map((name) => `${name} (= ${version})`), ...debian.depends];
  // KiB, each file in whole ones, as dpkg-gencontrol reckons it.
  const installedSize = files.reduce((sum, file) => sum + Math.max(1, Math.ceil(sizeOf(file) / 1024)), 0);
  const fields: readonly (readonly [string, string])[] = [
    ['Package', contents.name],
    ['Source', 'hecate'],
    ['Version', version],
    [
      'Architecture',
      contents.architecture === 'all' ? 'all' : architectureWords(release.architecture).debian,
    ],
    ['Maintainer', maintainer],
    ['Installed-Size', String(installedSize)],
    ['Depends', depends.join(', ')],
    ['Suggests', debian.suggests.join(', ')],
    ['Section', 'admin'],
    ['Priority', 'optional'],
    ['Homepage', homepage],
    ['Description', contents.summary],
  ];
  const lines = fields.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`);
  const description = contents.description.map((line) => ` ${line === '' ? '.' : line}`);
  return `${[...lines, ...description].join('\n')}\n`;
}

function digest({ source }: PackageFile): string {
  if ('link' in source) throw new Error('a link has no digest');
  const bytes = 'path' in source ? readFileSync(source.path) : source.contents;
  return createHash('md5').update(bytes).digest('hex');
}

/** What dpkg reads: control, conffiles, md5sums, and the scripts of packaging/deb. */
function controlFiles(
  root: string,
  contents: PackageContents,
  release: Release,
  files: readonly PackageFile[],
): PackageFile[] {
  const regular = files.filter(({ source }) => !('link' in source)).toSorted(byTarget);
  const sums = regular.map((file) => `${digest(file)}  ${file.target.slice(1)}\n`);
  const conffiles = files.filter((file) => file.isConfig).map(({ target }) => `${target}\n`);
  const scripts = globSync(`packaging/deb/${contents.name}.{preinst,postinst,prerm,postrm}`, { cwd: root });
  return [
    { target: '/DEBIAN/control', source: { contents: controlText(contents, release, files) } },
    { target: '/DEBIAN/md5sums', source: { contents: sums.join('') } },
    ...(conffiles.length > 0
      ? [{ target: '/DEBIAN/conffiles', source: { contents: conffiles.join('') } }]
      : []),
    ...scripts.map((file) => ({
      target: `/DEBIAN/${basename(file).slice(contents.name.length + 1)}`,
      source: { path: join(root, file) },
      mode: 0o755,
    })),
  ];
}

const byTarget = (a: PackageFile, b: PackageFile): number => (a.target < b.target ? -1 : 1);

/**
 * The same contents give the same bytes: times are the release's, owners root, one thread packs (with more, xz cuts
 * its input by how many there are).
 * @returns the path of the package
 */
export function packDeb(contents: PackageContents, release: Release, options: PackOptions): string {
  const files = [...contents.files, ...documents(options.root, contents, release)];
  const tree = join(options.scratch, 'deb');
  stage(tree, [...files, ...controlFiles(options.root, contents, release, files)], release.epochSeconds);
  const { debian } = architectureWords(release.architecture);
  const architecture = contents.architecture === 'all' ? 'all' : debian;
  const name = `${contents.name}_${packageVersion(release.version)}_${architecture}.deb`;
  const path = join(options.output, name);
  const compression = options.isQuick ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, path], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epochSeconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path;
}
