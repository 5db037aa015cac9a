import t from 'tap';
import {
  checkFiles,
  type Manifest,
  manifestFiles,
  manifestVersion,
  parseManifest,
  sealText,
} from '../../../src/core/backup/manifest.ts';

const digestOf = (bytes: Uint8Array): string => `digest of ${Buffer.from(bytes).toString()}`;
const member = (path: string, text: string) => ({ path, mode: 0o600, bytes: Buffer.from(text) });
const members = [member('config/hecate.yaml', 'site: home'), member('state/epoch.json', '{}')];
const manifest: Manifest = {
  format: 'hecate-backup',
  version: manifestVersion,
  softwareVersion: '0.1.0',
  madeAtMs: 1,
  host: 'srv',
  site: 'home',
  configPath: '/etc/hecate/hecate.yaml',
  stateDirectory: '/var/lib/hecate',
  epoch: 3,
  files: manifestFiles(members, digestOf),
};

t.test('it is read as it was written', async (t) => {
  t.same(parseManifest(JSON.parse(JSON.stringify(manifest))), manifest);
  t.doesNotThrow(() => checkFiles(manifest, members, digestOf));
});

t.test('what is none is refused, and one of a newer release says so', async (t) => {
  const wrong = [
    null,
    {},
    { ...manifest, format: 'tar' },
    { ...manifest, version: 'one' },
    { ...manifest, epoch: '3' },
    { ...manifest, files: [{}] },
    { ...manifest, host: undefined },
  ];
  for (const value of wrong) t.throws(() => parseManifest(value), { code: 'HEC_STATE' });
  t.throws(() => parseManifest({ ...manifest, version: manifestVersion + 1 }), {
    code: 'HEC_VERSION',
    message: /format 2 \(Hecate 0\.1\.0\), and this program reads 1/,
  });
});

t.test('every file is there, unharmed, and none besides', async (t) => {
  const [config, epoch] = members;
  t.throws(() => checkFiles(manifest, config ? [config] : [], digestOf), { message: /state\/epoch\.json/ });
  t.throws(
    () => checkFiles(manifest, epoch ? [member('config/hecate.yaml', 'site: hole'), epoch] : [], digestOf),
    {
      message: /config\/hecate\.yaml is not what was written/,
    },
  );
  t.throws(() => checkFiles(manifest, [...members, member('state/x', '')], digestOf), {
    message: /state\/x/,
  });
});

t.equal(sealText('abc'), 'abc  manifest.json\n', 'as sha256sum reads it');
