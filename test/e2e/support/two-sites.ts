/** Two real sites: one with a UPS on a real upsd, which forwards to the manager of the other, whose nodes hang on it, too. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { until } from '../../nodes/until.ts';
import { type Site, siteForTest } from '../../site/site.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { loadUnit, loadUnitText, PowerSite, powerSite } from './power-site.ts';

export interface TwoSitesOptions {
  /** How long a unit of the receiver takes to stop. */
  readonly stopSeconds?: number;
  readonly forward?: Record<string, unknown>;
  /** Of the receiver. */
  readonly config?: Record<string, unknown>;
  readonly power?: Record<string, unknown>;
}

export interface TwoSites {
  /** `tethys`: its manager, its one node, and the UPS `rack-a`. */
  readonly sender: PowerSite;
  /** `web`, which needs `db`. */
  readonly receiver: Site;
  /** Between the two managers. */
  readonly wire: FaultProxy;
  /** When the units of the receiver's nodes were stopped. */
  stopsOf: PowerSite['stopsOf'];
  untilConnected(): Promise<void>;
  /** Other keys of the receiver's configuration, read again. */
  configure(config: Record<string, unknown>): void;
}

const shared = {
  site: 'titan',
  inventory: [
    { name: 'web', units: [loadUnit], address: '127.0.0.1', depends_on: ['db'] },
    { name: 'db', units: [loadUnit], address: '127.0.0.1' },
  ],
  power: { mode: 'cluster-only', budget: '20s' },
};

export async function twoSites(t: Test, options: TwoSitesOptions = {}): Promise<TwoSites> {
  const { stopSeconds = 0, forward = {}, config = {}, power = {} } = options;
  const receiver = await siteForTest(t, {
    names: ['web', 'db'],
    units: { [loadUnit]: loadUnitText(stopSeconds) },
    config: { ...shared, ...config },
  });
  await Promise.all(receiver.fleet.nodes.map((node) => node.systemctl('start', loadUnit)));
  const wire = new FaultProxy(receiver.manager.listen);
  const { host, port } = await wire.listen();
  t.teardown(() => wire.close());
  const folder = mkdtempSync(join(tmpdir(), 'hecate-peer-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const identity = join(folder, 'identity');
  const sender = await powerSite(t, {
    names: ['tethys'],
    config: { site: 'tethys' },
    power: {
      budget: '5s',
      forward: { to: [`${host}:${port}`], identity, budget: '20s', ...forward },
      ...power,
    },
  });
  const token = await receiver.manager.ctlOrThrow('peer', 'enroll', 'tethys', '--quiet');
  const homeless = await sender.site.manager.ctl(['join'], { input: token });
  t.match(homeless, { exitCode: 2, stderr: /which keeps its identity in a folder of its own/ });
  const joined = await sender.site.manager.ctl(
    ['join', '--identity', identity, '--manager', `${host}:${port}`],
    { input: token },
  );
  if (joined.exitCode !== 0) throw new Error(`the manager did not join: ${joined.stderr}`);
  const untilConnected = async (): Promise<void> => {
    await until(async () => /titan answers/.test(await sender.site.manager.ctlOrThrow('power', 'status')), {
      what: 'the managers have a session',
      intervalMs: 100,
    });
  };
  await untilConnected();
  const both = new PowerSite(receiver, sender.upsd);
  const configure = (keys: Record<string, unknown>): void => {
    receiver.manager.configure({ ...shared, ...keys });
    receiver.manager.kill('SIGHUP');
  };
  return { sender, receiver, wire, stopsOf: (name) => both.stopsOf(name), untilConnected, configure };
}
