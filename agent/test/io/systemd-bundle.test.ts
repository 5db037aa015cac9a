/** The adapter as it is shipped: one file by esbuild, run inside a node the way the agent is. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import t from 'tap';
import { skip, userNode } from './support/node-bus.ts';

const source = join(import.meta.dirname, '../../src/io/systemd.ts');
const program = `
import { openSystemd } from ${JSON.stringify(source)};
const systemd = await openSystemd({ bus: 'user' });
const job = await systemd.startJob('start', 'web.service');
const end = await systemd.waitJob(job.jobPath, { timeoutMs: 30000 });
const [file] = await systemd.unitFileContents('web.service');
const transient = await systemd.startTransientUnit('once.service', 'fail', [
  ['RemainAfterExit', { signature: 'b', value: true }],
  ['ExecStart', { signature: 'a(sasb)', value: [['/bin/true', ['true'], false]] }],
]);
await systemd.waitJob(transient.jobPath, { timeoutMs: 30000 });
const [made] = await systemd.unitFileContents('once.service');
systemd.close();
console.log(JSON.stringify({ result: end.result, text: file.text, made: made.text }));
`;
/** CommonJS parts ask for node's own modules with require. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

t.test('bundled: connects, calls, and brings nothing along', { skip }, async (t) => {
  const unit = '[Service]\nExecStart=sleep 1000\n';
  const node = await userNode(t, { 'web.service': unit });
  const folder = mkdtempSync(join(tmpdir(), 'hecate-bundle-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const outfile = join(folder, 'systemd.mjs');
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    metafile: true,
    banner: { js: banner },
    outfile,
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs);
  t.ok(
    inputs.some((input) => input.includes('dbus-next/lib/')),
    'the library is in it',
  );
  for (const unwanted of ['x11', 'usocket', 'xml2js', 'event-stream', 'hexy']) {
    t.notOk(
      inputs.some((input) => input.includes(`node_modules/${unwanted}/`)),
      `${unwanted} is not`,
    );
    t.notMatch(
      readFileSync(outfile, 'utf8'),
      new RegExp(`require\\(["']${unwanted}`),
      `nor asked for: ${unwanted}`,
    );
  }
  const externals = new Set(
    Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path)),
  );
  for (const path of externals) t.match(path, /^(node:.*|assert|buffer|module)$/, `${path} is node's own`);

  const { exitCode, stdout, stderr } = await node.run(['node', outfile]);
  t.equal(exitCode, 0, stderr);
  t.match(JSON.parse(stdout), { result: 'done', text: unit, made: /ExecStart=/ });
});
