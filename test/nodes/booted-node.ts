import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetScope } from './fleet-scope.ts';
import { type LaunchPlan, NamespacedNode } from './namespaced-node.ts';
import type { Entrance } from './namespaces.ts';
import type { Address } from './node.ts';
import { childPids, processIdentity } from './processes.ts';
import {
  nodeAddress,
  nodeMacAddress,
  type SiteNetwork,
  siteAddress,
  sitePrefixLength,
} from './site-network.ts';
import { makeSmallDisk, type SmallDisk } from './small-disk.ts';
import { repositoryFolder } from './user-node.ts';

const repositoryInside = '/opt/hecate';

/** What a booted node is made from; all nodes of a fleet share it. */
export interface BootedNodeSettings {
  scope: FleetScope;
  site: SiteNetwork;
  /** Root folder of the base image, which stays as it is. */
  image: string;
  /** The names of all nodes, in the order of their addresses. */
  names: readonly string[];
  /** Where the manager listens, in the site's network; what `managerAddress()` gives. */
  manager?: Address;
  /** Node → a small disk of its own. */
  disks?: Readonly<Record<string, SmallDisk>>;
}

/**
 * A booted node: a whole Debian with its own PID 1, logind, journald, D-Bus, disk (an overlay on the base
 * image), address and network link, by systemd-nspawn. Needs root. Shares only the kernel and its clock.
 */
export class BootedNode extends NamespacedNode {
  readonly kind = 'booted';
  readonly address: string;
  /** Of its network card, lower case with colons, the same at every boot: what wakes it. */
  readonly macAddress: string;
  readonly repository = repositoryInside;
  readonly home = '/root';
  readonly managerFlag = '--system';
  readonly unitFolder = '/etc/systemd/system';
  private readonly settings: BootedNodeSettings;
  private readonly port: string;
  private readonly disk: SmallDisk | undefined;
  private cutOff = false;

  constructor(name: string, settings: BootedNodeSettings) {
    super(name, settings.scope);
    const index = settings.names.indexOf(name);
    this.settings = settings;
    this.address = nodeAddress(index);
    this.macAddress = nodeMacAddress(index);
    this.port = `port${index}`;
    this.disk = settings.disks?.[name];
    if (this.disk !== undefined) makeSmallDisk(this.stateFolder, this.disk);
    const machineId = randomBytes(16).toString('hex');
    const hosts = settings.names.map((other, at) => `${nodeAddress(at)} ${other}`);
    const etc = join(this.stateFolder, 'disk/etc');
    for (const folder of ['disk/etc', 'overlay-work', 'root']) {
      mkdirSync(join(this.stateFolder, folder), { recursive: true, mode: 0o755 });
    }
    writeFileSync(join(this.stateFolder, 'machine-id'), `${machineId}\n`);
    writeFileSync(join(etc, 'machine-id'), `${machineId}\n`);
    writeFileSync(join(etc, 'hostname'), `${name}\n`);
    writeFileSync(
      join(etc, 'hosts'),
      ['127.0.0.1 localhost', `${siteAddress} site`, ...hosts, ''].join('\n'),
    );
  }

  protected plan(): LaunchPlan {
    const script = join(import.meta.dirname, 'booted-node-init.sh');
    const address = `${this.address}/${sitePrefixLength}`;
    rmSync(this.endFile(), { force: true });
    return {
      unshareFlags: ['--mount', '--pid', '--ipc', '--net', '--cgroup', '--mount-proc'],
      argv: [
        'sh',
        script,
        this.stateFolder,
        this.name,
        this.settings.image,
        address,
        repositoryFolder,
        repositoryInside,
        ...(this.disk === undefined ? [] : [this.disk.path]),
      ],
    };
  }

  private endFile(): string {
    return join(this.stateFolder, 'ended');
  }

  /** As the outer process 1 wrote it down; not when it was killed, as by pulling the plug. */
  protected override recordedEndMs(): number | undefined {
    try {
      return Number(readFileSync(this.endFile(), 'utf8')) * 1_000;
    } catch {
      return undefined;
    }
  }

  /** A cut outlives a power-off, as a broken switch does: the new link is blocked as the old one was. */
  protected async wire(): Promise<void> {
    await this.settings.site.plug(this.port, super.leader(), this.macAddress);
    if (this.cutOff) await this.settings.site.block(this.port);
  }

  isCut(): boolean {
    return this.cutOff;
  }

  async cut(): Promise<void> {
    this.cutOff = true;
    if (this.isUp()) await this.settings.site.block(this.port);
  }

  async heal(): Promise<void> {
    this.cutOff = false;
    if (this.isUp()) await this.settings.site.unblock(this.port);
  }

  managerAddress(): Address {
    if (this.settings.manager !== undefined) return this.settings.manager;
    throw new Error(`node ${this.name} was made without a manager's address`);
  }

  /** The node's own PID 1: outer process 1 → systemd-nspawn → it. A reboot inside makes a new one. */
  protected override leader(): number {
    const nspawn = childPids(super.leader()).find(
      (pid) => processIdentity(pid)?.command === 'systemd-nspawn',
    );
    const pid = nspawn === undefined ? undefined : childPids(nspawn)[0];
    if (pid === undefined) throw new Error(`node ${this.name} has not started its PID 1 yet`);
    return pid;
  }

  protected entrance(): Entrance {
    return {
      leaderPid: this.leader(),
      namespaceFlags: ['--mount', '--pid', '--uts', '--ipc', '--net', '--cgroup'],
      visitorGroup: '/sys/fs/cgroup/visitors',
      cwd: this.home,
    };
  }

  protected environment(): Record<string, string> {
    return {
      PATH: `${repositoryInside}/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: this.home,
      USER: 'root',
      LOGNAME: 'root',
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
    };
  }

  protected journalFolder(): string {
    return join(this.stateFolder, 'disk/var/log/journal');
  }

  async poweroff(timeoutMs = 60_000): Promise<void> {
    this.leader(); // throws when it is off
    // The command may be killed by what it starts: what counts is that the node goes off.
    await this.systemctl('poweroff').catch(() => undefined);
    await this.waitUntilOff(timeoutMs);
  }
}
