/** A site that hecate-update keeps up to date: the manager's host, and one with an agent alone. */
import type { Test } from 'tap';
import { skipWithoutGpg } from '../../../update/test/support/signing-key.ts';
import { skipUnless } from '../../nodes/fleet-for-test.ts';
import type { SiteNetwork } from '../../nodes/site-network.ts';
import { type BareHost, bareSite } from './bare-host.ts';
import { addUnit, ctl, dependencies, joinSite, untilOnline } from './packaged-site.ts';

export const names: readonly string[] = ['titan', 'worker'];
export const keyring = '/etc/hecate/update-keyring.gpg';
export const settings = '/etc/hecate/hecate.yaml';
export const limit = { timeoutMs: 400_000 };

export const skipUpdates = async (): Promise<string | false> =>
  (await skipUnless('booted')) || skipWithoutGpg();

export const versionOf = async (host: BareHost, name: string): Promise<string> =>
  host.runOrThrow(['dpkg-query', '--show', `--showformat=\${Version}`, name]);

export const configure = (host: BareHost, source: string): Promise<void> =>
  host.node.writeFile('/etc/hecate/update.conf', `Source=${source}\nHealthTimeLimit=20s\n`);

export const journal = (host: BareHost): Promise<string> =>
  host.runOrThrow(['journalctl', '--no-pager', '-o', 'cat', '-u', 'hecate-update.service']);

export interface UpdateSite {
  readonly titan: BareHost;
  readonly worker: BareHost;
  readonly network: SiteNetwork;
  /** Of the agents. */
  versions(): Promise<readonly string[]>;
  /** The manager with another configuration. */
  restart(config: string): Promise<void>;
}

export interface UpdateSiteOptions {
  /** Folder on the hosts → folder or file here. */
  readonly files: Readonly<Record<string, string>>;
  /** The folder on the hosts with the release that is installed, and its number. */
  readonly folder: string;
  readonly release: string;
}

/** Both hosts have joined, and `work.service` runs on the worker. */
export async function updateSite(
  t: Test,
  { files, folder, release }: UpdateSiteOptions,
): Promise<UpdateSite> {
  const { hosts, network } = await bareSite(t, { names, available: dependencies, files });
  const [titan, worker] = hosts as [BareHost, BareHost];
  const install = (host: BareHost, packages: readonly string[]): Promise<string> => {
    const debs = packages.map((name) => `./${name}_${release}_*.deb`).join(' ');
    return host.shell(`cd ${folder}; DEBIAN_FRONTEND=noninteractive apt-get -q -y install ${debs} 2>&1`);
  };
  const common = ['hecate-runtime', 'hecate-agent'];
  await Promise.all([install(titan, [...common, 'hecate-manager', 'hecatectl']), install(worker, common)]);
  await ctl(titan, 'ca', 'init');
  for (const host of hosts) await joinSite(titan, host);
  await untilOnline(titan, names);
  await addUnit(worker, 'work.service');
  await ctl(titan, 'start', 'worker', 'work.service');
  return {
    titan,
    worker,
    network,
    versions: () => Promise.all(hosts.map((host) => versionOf(host, 'hecate-agent'))),
    async restart(config) {
      await titan.node.writeFile(settings, config);
      await titan.runOrThrow(['systemctl', 'restart', 'hecate-manager.service']);
      await untilOnline(titan, names);
    },
  };
}
