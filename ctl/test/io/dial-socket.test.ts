import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { dialSocket } from '../../src/io/dial-socket.ts';

const notRoot = process.getuid?.() === 0 ? false : 'needs root, to become somebody else for a moment';

t.test('a socket that is not ours to use', { skip: notRoot }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-ctl-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const path = join(folder, 'manager.sock');
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o600);
  process.seteuid?.(65534);
  try {
    await t.rejects(dialSocket(path, new AbortController().signal), {
      code: 'HEC_ROLE',
      message: `you may not use ${path}`,
      remedy: /sudo.*group.*--manager/,
    });
  } finally {
    process.seteuid?.(0);
  }
});

t.test('given up before it is connected', async (t) => {
  const controller = new AbortController();
  const dialling = dialSocket('/nonexistent/socket', controller.signal);
  controller.abort();
  await t.rejects(dialling, { code: 'HEC_CANCELLED' });
});
