import fc from 'fast-check';
import t from 'tap';
import { compareVersions, isForMachine, isVersion, parsePackageFile } from '../../src/core/package-name.ts';
import '../../../test/support/property-seed.ts';

t.test('names of package files', async (t) => {
  t.same(parsePackageFile('hecate-agent_1.2.3_all.deb', 'deb'), { name: 'hecate-agent', version: '1.2.3' });
  t.same(parsePackageFile('hecatectl_1.2.3~beta.1_amd64.deb', 'deb'), {
    name: 'hecatectl',
    version: '1.2.3~beta.1',
  });
  t.same(parsePackageFile('hecate-runtime-1.2.3-1.x86_64.rpm', 'rpm'), {
    name: 'hecate-runtime',
    version: '1.2.3',
  });
  const others = [
    'openssh_1.2.3_all.deb',
    'hecate-agent_1.2_all.deb',
    'hecate-agent_1.2.3_all.rpm',
    '../hecate-agent_1.2.3_all.deb',
    'hecate-agent_1.2.3_all.deb.asc',
  ];
  for (const file of others) t.equal(parsePackageFile(file, 'deb'), undefined, file);
});

t.test('versions in order', async (t) => {
  const ordered = [
    '0.9.9',
    '1.0.0~alpha',
    '1.0.0~beta.2',
    '1.0.0~beta.10',
    '1.0.0',
    '1.0.1',
    '1.2.0',
    '1.10.0',
    '2.0.0',
  ];
  for (const [index, version] of ordered.entries())
    for (const [other, than] of ordered.entries())
      t.equal(Math.sign(compareVersions(version, than)), Math.sign(index - other), `${version} and ${than}`);
  t.same(['1', '1.2', 'v1.2.3', '1.2.3-1', ''].map(isVersion), [false, false, false, false, false]);
});

t.test('whatever the versions: one order', async () => {
  const number = fc.integer({ min: 0, max: 12 });
  const version = fc.tuple(number, number, number).map((numbers) => numbers.join('.'));
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      if (compareVersions(a, b) > 0 || compareVersions(b, c) > 0) return true;
      return (
        compareVersions(a, c) <= 0 && Math.sign(compareVersions(a, b)) === -Math.sign(compareVersions(b, a))
      );
    }),
  );
});

t.test('of several machines, those for this one', async (t) => {
  t.equal(isForMachine('hecate-runtime_1.0.0_arm64.deb', 'deb', 'arm64'), true);
  t.equal(isForMachine('hecate-runtime_1.0.0_amd64.deb', 'deb', 'arm64'), false);
  t.equal(isForMachine('hecate-agent_1.0.0_all.deb', 'deb', 'arm64'), true);
  t.equal(isForMachine('hecate-runtime-1.0.0-1.x86_64.rpm', 'rpm', 'x86_64'), true);
  t.equal(isForMachine('hecate-runtime-1.0.0-1.aarch64.rpm', 'rpm', 'x86_64'), false);
  t.equal(isForMachine('hecate-agent-1.0.0-1.noarch.rpm', 'rpm', 'x86_64'), true);
  t.equal(isForMachine('hecate-agent', 'deb', 'amd64'), false);
});
