/** The doors of the manager over real ports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort } from '../../test/site/manager-process.ts';
import { parseConfig } from '../src/config/load-config.ts';
import type { ManagerConfig } from '../src/config/manager-config.ts';
import { Listeners } from '../src/listeners.ts';
import { TrustService } from '../src/trust-service.ts';

function configOf(listen: string[]): ManagerConfig {
  const text = JSON.stringify({
    site: 'test',
    listen,
    names: ['127.0.0.1'],
    sockets: [],
    metrics: { enabled: false },
  });
  const result = parseConfig(text, 'test');
  if ('findings' in result) throw new Error(JSON.stringify(result.findings));
  return result.config;
}

async function listenersOf(t: Test, config: ManagerConfig): Promise<Listeners> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-listeners-'));
  const trust = new TrustService(folder, () => config, Date.now);
  await trust.initAuthority('test');
  const listeners = new Listeners({ trust, welcome: () => undefined, onRejected: () => undefined });
  t.teardown(async () => {
    await listeners.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return listeners;
}

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

t.test('an address that another has is tried again, and the others are served meanwhile', async (t) => {
  const [taken, second] = [await freePort(), await freePort()];
  const other = await occupy(taken);
  const config = configOf([`127.0.0.1:${taken}`, `127.0.0.1:${second}`]);
  const listeners = await listenersOf(t, config);
  const message = new RegExp(String(taken));
  await t.rejects(listeners.refresh(config), { code: 'HEC_CONNECTION', message });
  t.same(listeners.addresses, [`127.0.0.1:${second}`]);
  await t.rejects(listeners.refresh(config), { message }, 'still taken');
  await new Promise((resolve) => other.close(resolve));
  await listeners.refresh(config);
  t.same([...listeners.addresses].sort(), [...config.listen].map(({ port }) => `127.0.0.1:${port}`).sort());
});

t.test('refreshes at the same time bind each address once', async (t) => {
  const config = configOf(['127.0.0.1:0']);
  const listeners = await listenersOf(t, config);
  await Promise.all([listeners.refresh(config), listeners.refresh(config), listeners.refresh(config)]);
  t.equal(listeners.addresses.length, 1);
});
