// hecatectl as it is installed: starts the bundle beside it, with what V8 made of it at an earlier start. Node's own cache
// (module.enableCompileCache) holds what V8 compiles before anything has run; most functions of a command are not in that.
'use strict';
const fs = require('node:fs');
const { basename, dirname, join, resolve } = require('node:path');
const { constants, Script } = require('node:vm');

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/** Begins a file of compiled code: which bundle it is of, and the commands that it was made in. A multiple of 8. */
const headerBytes = 2048;
const commandsMax = 64;
const dayMs = 86_400_000;

/** Whether nobody else can put anything there. A link is none: who made it could lead root to what is root's elsewhere. */
function isOwnFolder(path) {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && isOwn(found);
}

/** What others could have written is not run. */
function isOwn({ uid, mode }) {
  return uid === process.geteuid() && (mode & 0o022) === 0;
}

/**
 * The file of this user; undefined where a folder on the way is not his own: in /tmp, somebody else could put code for us,
 * and what root (sudo -E) makes in the home of a user is in that user's way.
 */
function cacheFile({ make }) {
  const { HOME: home, XDG_CACHE_HOME: cache } = process.env;
  try {
    // Of these, the first is not made: the home of a service is /nonexistent. It may be reached by a link.
    let folder = cache ? resolve(cache) : fs.realpathSync.native(home);
    if (!isOwnFolder(folder)) return undefined;
    for (const name of cache ? ['hecate'] : ['.cache', 'hecate']) {
      folder = join(folder, name);
      if (make) fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!isOwnFolder(folder)) return undefined;
    }
    return join(folder, 'hecatectl.code');
  } catch {
    return undefined;
  }
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
    // A FIFO would wait for its writer.
    file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fs.fstatSync(file);
    if (!found.isFile() || !isOwn(found)) return none;
    const { size } = found;
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
  removeLeft(path);
  const temporary = `${path}.${process.pid}.writing`;
  const file = fs.openSync(temporary, 'wx', 0o600);
  try {
    fs.writeFileSync(file, Buffer.concat([header, code, code]));
    fs.renameSync(temporary, path);
  } finally {
    fs.closeSync(file);
    fs.rmSync(temporary, { force: true });
  }
}

/** What processes left that were killed while they wrote. */
function removeLeft(path) {
  for (const name of fs.readdirSync(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith('.writing')) continue;
    const left = join(dirname(path), name);
    const found = fs.lstatSync(left, { throwIfNoEntry: false });
    if (found && found.mtimeMs < Date.now() - dayMs) fs.rmSync(left, { force: true, recursive: true });
  }
}

/** @returns what the bundle exports */
function loadBundle(bundle) {
  const path = cacheFile({ make: false });
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
  if (!known.includes(command) && known.length < commandsMax && /^[a-z][a-z-]{0,29}$/.test(command)) {
    process.on('exit', (status) => {
      // Only what is a command ends well. Without it, the next start takes longer, and that is all.
      if (status !== 0) return;
      const written = cacheFile({ make: true });
      if (!written) return;
      try {
        writeCode(written, key, [...known, command], script.createCachedData());
      } catch {}
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle, dirname(bundle));
  return module.exports;
}

exports.loadBundle = loadBundle;

if (require.main === module) void loadBundle(join(__dirname, 'hecatectl-bundle.cjs')).run();
