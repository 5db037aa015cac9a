import t from 'tap';
import { dependencyOf, files, packageNames, packageOf, read, specifiersOf } from './sources.ts';

const sources = files('.ts').filter((file) => /^[a-z]+\/src\//.test(file));
const manifests = new Map(
  packageNames.map((name) => {
    const manifest = JSON.parse(read(`${name}/package.json`)) as { dependencies?: Record<string, string> };
    return [name, manifest.dependencies ?? {}];
  }),
);

/** Dependency → the files that may import it. Each is behind one adapter, so that it can be exchanged. */
const allowed: Readonly<Record<string, RegExp>> = {
  'dbus-next': /^agent\/src\/io\/bus-codec\.ts$/,
  ws: /^(proto\/src\/io\/(websocket-transport|dial-websocket)|manager\/src\/io\/websocket-upgrade)\.ts$/,
  protobufjs: /^proto\/src\/(core\/codec|generated\/wire)\.ts$/,
  pino: /^manager\/src\/io\/logger\.ts$/,
  'prom-client': /^manager\/src\/io\/[a-z-]*metrics[a-z-]*\.ts$/,
  yaml: /^(manager\/src\/config\/[a-z-]+|ctl\/src\/io\/socket-of-config)\.ts$/,
  zod: /^manager\/src\/(config|trust)\/[a-z-]+\.ts$/,
  '@peculiar/x509': /^manager\/src\/trust\/[a-z-]+\.ts$/,
  'reflect-metadata': /^manager\/src\/trust\/[a-z-]+\.ts$/,
  commander: /^ctl\/src\/[a-z-/]+\.ts$/,
};

t.test('every dependency is imported only where it belongs', async (t) => {
  for (const file of sources) {
    for (const specifier of specifiersOf(file)) {
      const dependency = dependencyOf(specifier);
      if (!dependency || dependency.startsWith('@hecate/')) continue;
      const where = allowed[dependency];
      t.ok(where, `${file} imports ${dependency}, which no rule here allows`);
      if (where) t.match(file, where, `${dependency} in ${file}`);
    }
  }
});

t.test('each package imports only what its package.json names, and names only what it imports', async (t) => {
  for (const name of packageNames) {
    const named = Object.keys(manifests.get(name) ?? {});
    const own = sources.filter((file) => packageOf(file) === name);
    const imported = new Set(own.flatMap((file) => specifiersOf(file)).flatMap((s) => dependencyOf(s) ?? []));
    t.same(
      [...imported].filter((d) => !named.includes(d) && d !== `@hecate/${name}`),
      [],
      `${name} imports more`,
    );
    t.same(
      named.filter((dependency) => !imported.has(dependency)),
      [],
      `${name} names more`,
    );
  }
});

t.test('the packages build on proto alone, never on each other', async (t) => {
  for (const file of sources) {
    const foreign = specifiersOf(file).filter((specifier) => {
      const match = /^@hecate\/([a-z]+)\//.exec(specifier);
      return match && match[1] !== 'proto' && match[1] !== packageOf(file);
    });
    t.same(foreign, [], file);
    t.notOk(
      specifiersOf(file).some((s) => /^(\.\.\/)+(proto|agent|manager|ctl)\//.test(s)),
      `${file} goes around a package`,
    );
  }
});

t.test('dependencies are pinned, and the lock file names no address', async (t) => {
  const roots = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
  const all = [...manifests.values(), roots.devDependencies];
  for (const dependencies of all) {
    for (const [name, version] of Object.entries(dependencies))
      t.match(version, /^\d+\.\d+\.\d+$/, `${name} ${version}`);
  }
  t.notMatch(read('package-lock.json'), /"resolved": "https?:/);
});

t.test('one file imports the D-Bus library', async (t) => {
  const importers = sources.filter((file) => specifiersOf(file).some((s) => dependencyOf(s) === 'dbus-next'));
  t.equal(importers.length, 1, importers.join(', '));
});
