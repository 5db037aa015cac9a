import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { packageNames, parsePackageFile } from '../../src/core/package-name.ts';
import { debInstalled, debTool, packageToolOfHost, rpmTool } from '../../src/io/package-tool.ts';
import { runScript } from '../support/signing-key.ts';

const without = (...programs: string[]): false | string => {
  const missing = programs.filter((name) => !existsSync(`/usr/bin/${name}`));
  return missing.length === 0 ? false : `missing ${missing.join(', ')}`;
};

const spec = `Name: hecate-agent
Version: 1.2.3~beta.1
Release: 1
Summary: a package of a test
License: Apache-2.0
BuildArch: noarch
%description
%files
`;

const control = `Package: hecate-agent
Version: 1.2.3~beta.1
Architecture: all
Maintainer: nobody <nobody@hecate.invalid>
Description: a package of a test
`;

const identity = { name: 'hecate-agent', version: '1.2.3~beta.1' };

t.test('a .deb says what it is, as its name does', { skip: without('dpkg-deb') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-deb-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'control'), control);
  const script = 'cd "$1"; mkdir -p tree/DEBIAN; cp control tree/DEBIAN; dpkg-deb -b tree .';
  await runScript(script, folder);
  const file = join(folder, 'hecate-agent_1.2.3~beta.1_all.deb');
  t.same(await debTool.identify(file), identity);
  t.same(parsePackageFile(basename(file), 'deb'), identity);
  await t.rejects(debTool.identify(join(folder, 'control')), { code: 'HEC_STATE', message: /dpkg-deb/ });
});

t.test('an .rpm says what it is, as its name does', { skip: without('rpm', 'rpmbuild') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-rpm-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'agent.spec'), spec);
  const script = `cd "$1"; rpmbuild --quiet --define "_topdir $1" -bb agent.spec; ls RPMS/noarch`;
  const file = (await runScript(script, folder)).trim();
  t.same(await rpmTool.identify(join(folder, 'RPMS/noarch', file)), identity);
  t.same(parsePackageFile(file, 'rpm'), identity);
});

t.test('dpkg tells of the packages of Hecate only', { skip: without('dpkg-query') }, async (t) => {
  const names = [...(await debTool.installed()).keys()];
  t.same(
    names.filter((name) => !packageNames.includes(name)),
    [],
  );
  if (names.length > 0) t.equal((await packageToolOfHost()).format, 'deb');
  else await t.rejects(packageToolOfHost(), { code: 'HEC_UNSUPPORTED', message: /no|neither/ });
});

t.test('what is half installed or on hold is not passed over', async (t) => {
  const text = 'ii \thecate-agent\t1.0.0\nrc \thecate-manager\t0.9.0\nun \thecatectl\t\n';
  t.same([...debInstalled(text)], [['hecate-agent', '1.0.0']]);
  t.equal(debInstalled('').size, 0);
  const half = { code: 'HEC_STATE', message: /hecate-manager 1\.0\.0 is half installed/ };
  for (const status of ['iF ', 'iU ', 'iH ', 'iiR'])
    t.throws(() => debInstalled(`${text}${status}\thecate-manager\t1.0.0\n`), half, status);
  t.throws(() => debInstalled('hi \thecate-agent\t1.0.0\n'), {
    code: 'HEC_STATE',
    message: /on hold/,
    remedy: 'apt-mark unhold hecate-agent',
  });
});
