/** What every package says of itself: licences, changes, and what it is made of. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Component, PackageContents } from './package-file.ts';
import { packageVersion, type Release } from './release.ts';

export const maintainer = 'Hecate maintainers <maintainers@hecate.invalid>';
export const homepage = 'https://hecate.invalid/';

/** Without a name and a time inside, so that the same text gives the same bytes; as dh_compress does it. */
export const gzip = (text: string | Uint8Array): Buffer => gzipSync(text, { level: 9 });

/** Debian has these texts for everybody, and wants no copies of them. */
const commonLicences: Readonly<Record<string, string>> = {
  'Apache-2.0': '/usr/share/common-licenses/Apache-2.0',
};

const own = `This is Hecate: deterministic, ordered unit operations over a fleet of systemd hosts.

Copyright: the Hecate authors
License: Apache-2.0
`;

function partText({ name, version, licence, licenceText }: Component, text = licenceText): string {
  return `${'-'.repeat(79)}\nContains ${name} ${version}, license: ${licence}\n\n${text.trim()}\n`;
}

const withText = (components: readonly Component[]): Component[] =>
  components.filter(({ licenceText }) => licenceText !== '');

/** Ours, then each part's own text, as their licences demand. */
export function licencesText(root: string, components: readonly Component[]): string {
  const ours = readFileSync(join(root, 'LICENSE'), 'utf8').trim();
  return [own, ours, '', ...withText(components).map((each) => partText(each))].join('\n');
}

/** The same in the form of Debian. */
export function debianCopyright(components: readonly Component[]): string {
  const path = commonLicences['Apache-2.0'];
  const parts = withText(components).map((each) => {
    const common = commonLicences[each.licence];
    return partText(each, common && `On Debian systems the text of this license is in ${common}.`);
  });
  return [own, `On Debian systems the text of this license is in ${path}.\n`, ...parts].join('\n');
}

/** Debian's form: https://www.debian.org/doc/debian-policy/ch-source.html#debian-changelog-debian-changelog */
export function changelogText(release: Release): string {
  const date = new Date(release.epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  return `hecate (${packageVersion(release.version)}) stable; urgency=medium

  * Release ${release.version}.

 -- ${maintainer}  ${date}
`;
}

/** A UUID (version 8: made in a way of our own) out of a text. */
function uuidOf(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex');
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`];
  return [...parts, `a${digits.slice(17, 20)}`, digits.slice(20, 32)].join('-');
}

/** SPDX's names for what a licence says of itself; anything else is an expression or a name of its own. */
function licenceEntry(licence: string): object[] {
  if (licence === 'NOASSERTION') return [];
  if (/[()]| (OR|AND|WITH) /.test(licence)) return [{ expression: licence }];
  return [{ license: { id: licence } }];
}

/** CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/ */
export function billOfMaterials(contents: PackageContents, release: Release): string {
  const reference = `pkg:generic/${contents.name}@${release.version}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`${reference} ${release.epochSeconds}`)}`,
    version: 1,
    metadata: {
      timestamp: new Date(release.epochSeconds * 1000).toISOString(),
      component: {
        'bom-ref': reference,
        type: 'application',
        name: contents.name,
        version: release.version,
        licenses: licenceEntry('Apache-2.0'),
      },
    },
    components: contents.components.map(({ name, version, licence, url }) => ({
      'bom-ref': url,
      type: name === 'node' ? 'platform' : 'library',
      name,
      version,
      ...(licenceEntry(licence).length > 0 ? { licenses: licenceEntry(licence) } : {}),
      purl: url,
    })),
    dependencies: [{ ref: reference, dependsOn: contents.components.map(({ url }) => url) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
