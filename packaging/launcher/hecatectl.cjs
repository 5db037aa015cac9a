// hecatectl as it is installed: starts the bundle beside it, with what V8 made of it at an earlier start. Node's own cache
// (module.enableCompileCache) holds what V8 compiles before anything has run; most functions of a command are not in that.
'use strict';
const fs = require('node:fs');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');

/** Begins a file of compiled code: which bundle it is of, and the commands that it was made in. A multiple of 8. */
const headerBytes = 2048;
const commandsMax = 64;

/** The file of this user; undefined where there is no folder of his own: in /tmp, somebody else could put code for us. */
function cacheFile() {
  const { HOME: home, XDG_CACHE_HOME: cache } = process.env;
  // A home that is not there (a service's /nonexistent) is not made.
  if (!fs.existsSync(cache || home || '')) return undefined;
  return join(cache || join(home, '.cache'), 'hecate', 'hecatectl.code');
}

/** Of this very file: its change time is the kernel's, so that a release cannot have that of another. */
function keyOf(bundle) {
  const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(bundle, { bigint: true });
  return [process.version, process.arch, dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** V8 looks at nothing but the beginning, and crashes on damage: so the code is there twice, and both must be the same. */
function readCode(path, key) {
  const none = { code: undefined, commands: [] };
  let file;
  try {
    file = fs.openSync(path, 'r');
    const { uid, mode, size } = fs.fstatSync(file);
    // What others could have written is not run.
    if (uid !== process.geteuid() || (mode & 0o022) !== 0) return none;
    const content = Buffer.alloc(size);
    if (fs.readSync(file, content, 0, size, 0) !== size || size <= headerBytes) return none;
    const header = JSON.parse(content.toString('utf8', 0, headerBytes));
    const half = (size - headerBytes) / 2;
    const [code, copy] = [
      content.subarray(headerBytes, headerBytes + half),
      content.subarray(headerBytes + half),
    ];
    if (header.key !== key || !code.equals(copy)) return none;
    return { code, commands: header.commands };
  } catch {
    return none;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

function writeCode(path, key, commands, code) {
  const header = Buffer.alloc(headerBytes, ' ');
  if (header.write(JSON.stringify({ key, commands })) >= headerBytes) return;
  const temporary = `${path}.${process.pid}.writing`;
  fs.mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  fs.writeFileSync(temporary, Buffer.concat([header, code, code]), { mode: 0o600, flag: 'wx' });
  fs.renameSync(temporary, path);
}

/** @returns what the bundle exports */
function loadBundle(bundle) {
  const path = cacheFile();
  const key = keyOf(bundle);
  const { code, commands } = path ? readCode(path, key) : { code: undefined, commands: [] };
  const text = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(bundle, 'utf8')}\n})`;
  const script = new Script(text, {
    filename: bundle,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(code ? { cachedData: code } : {}),
  });
  const known = code && !script.cachedDataRejected ? commands : [];
  const [command = ''] = process.argv.slice(2);
  if (path && !known.includes(command) && known.length < commandsMax && /^[a-z][a-z-]{0,29}$/.test(command)) {
    process.on('exit', (status) => {
      // Only what is a command ends well. Without it, the next start takes longer, and that is all.
      if (status !== 0) return;
      try {
        writeCode(path, key, [...known, command], script.createCachedData());
      } catch {}
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle, join(bundle, '..'));
  return module.exports;
}

exports.loadBundle = loadBundle;

if (require.main === module) void loadBundle(join(__dirname, 'hecatectl-bundle.cjs')).run();
