/** Booted nodes as a host is before Hecate comes: nothing of the checkout, no Node.js, and an apt without a network. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { baseImage } from '../../nodes/base-image.ts';
import type { BootedNode } from '../../nodes/booted-node.ts';
import type { ExecuteOptions, ExecuteResult } from '../../nodes/execute.ts';
import { fleetForTest } from '../../nodes/fleet-for-test.ts';
import type { SiteNetwork } from '../../nodes/site-network.ts';
import { debianArchive } from './debian-archive.ts';

const archiveInside = '/srv/archive';
/** As a shell of root has it. Nodes have the checkout's Node.js on theirs. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface BareHostOptions {
  readonly names: readonly string[];
  /** Debian packages that apt finds there. */
  readonly available?: readonly string[];
  /** Folder inside → folder or file here that is copied there. */
  readonly files?: Readonly<Record<string, string>>;
}

export class BareHost {
  readonly node: BootedNode;

  constructor(node: BootedNode) {
    this.node = node;
  }

  /** Again on the same disk, too. */
  async boot(): Promise<void> {
    await this.node.boot();
    await this.node.runOrThrow(['umount', '--lazy', this.node.repository]);
  }

  run(argv: readonly string[], options: ExecuteOptions = {}): Promise<ExecuteResult> {
    return this.node.run(argv, { timeoutMs: 180_000, ...options, env: { PATH: path, ...options.env } });
  }

  runOrThrow(argv: readonly string[], options: ExecuteOptions = {}): Promise<string> {
    return this.node.runOrThrow(argv, {
      timeoutMs: 180_000,
      ...options,
      env: { PATH: path, ...options.env },
    });
  }

  /** A script of sh. @throws Error unless it ends with 0 */
  shell(script: string): Promise<string> {
    return this.runOrThrow(['sh', '-euc', script]);
  }

  /** The state of a unit, such as `active`. */
  async state(unit: string): Promise<string> {
    return (await this.run(['systemctl', 'is-active', unit])).stdout.trim();
  }
}

/** Booted; they end with the test. */
export const bareHosts = async (t: Test, options: BareHostOptions): Promise<readonly BareHost[]> =>
  (await bareSite(t, options)).hosts;

export interface BareSite {
  readonly hosts: readonly BareHost[];
  readonly network: SiteNetwork;
}

/** With the network that they share, for what is on none of them. */
export async function bareSite(t: Test, options: BareHostOptions): Promise<BareSite> {
  const { names, available = [], files = {} } = options;
  const fleet = await fleetForTest(t, { kind: 'booted', names, boot: false });
  const archive = available.length > 0 ? await debianArchive(await baseImage(), available) : undefined;
  for (const node of fleet.nodes) {
    const disk = join(node.stateFolder, 'disk');
    const put = (inside: string, from: string) => cpSync(from, join(disk, inside), { recursive: true });
    for (const [inside, from] of Object.entries(files)) put(inside, from);
    writeSources(disk, archive === undefined ? '' : `deb [trusted=yes] file:${archiveInside} ./\n`);
    if (archive !== undefined) put(archiveInside, archive);
  }
  const hosts = fleet.nodes.map((node) => new BareHost(node));
  await Promise.all(
    hosts.map(async (host) => {
      await host.boot();
      await host.shell('rm -f /etc/apt/sources.list.d/0*; apt-get -q update');
    }),
  );
  return { hosts, network: fleet.site };
}

function writeSources(disk: string, text: string): void {
  const folder = join(disk, 'etc/apt');
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, 'sources.list'), { force: true });
  writeFileSync(join(folder, 'sources.list'), text);
}
