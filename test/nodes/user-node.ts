import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultProxy } from '../support/fault-proxy.ts';
import type { FleetScope } from './fleet-scope.ts';
import { type LaunchPlan, NamespacedNode } from './namespaced-node.ts';
import { type Entrance, rootless } from './namespaces.ts';
import type { Address } from './node.ts';

/** The checkout: user-mode nodes see the host's files at the host's paths. */
export const repositoryFolder = join(import.meta.dirname, '..', '..');

/** A user namespace of its own comes first when there is no root to make the others. */
const unshareFlags = [
  ...(rootless ? ['--user', '--map-root-user'] : []),
  ...['--mount', '--pid', '--uts', '--ipc', '--cgroup', '--mount-proc'],
];

const enterFlags = [
  ...(rootless ? ['--user', '--preserve-credentials'] : []),
  ...['--mount', '--pid', '--uts', '--ipc', '--cgroup'],
];

/**
 * A user-mode node: a real `systemd --user` with its own bus, journald, boot id, machine id, host name, /run and
 * control group, in about half a second. It shares the host's network, files and users; it has no system
 * units, and cannot reboot. Inside it is root (without root on the host: of its user namespace).
 */
export class UserNode extends NamespacedNode {
  readonly kind = 'user';
  readonly address = '127.0.0.1';
  readonly repository = repositoryFolder;
  readonly home: string;
  readonly managerFlag = '--user';
  readonly unitFolder: string;
  /** Between this node and the manager; for tests that delay, throttle or reset. Undefined without a manager. */
  readonly proxy: FaultProxy | undefined;

  /** @param manager where the manager listens on this host; what `managerAddress()` proxies to. */
  constructor(name: string, scope: FleetScope, manager?: Address) {
    super(name, scope);
    this.home = join(this.stateFolder, 'home');
    this.unitFolder = join(this.home, '.config/systemd/user');
    this.proxy = manager === undefined ? undefined : new FaultProxy(manager);
    mkdirSync(this.unitFolder, { recursive: true });
    mkdirSync(join(this.stateFolder, 'journal'));
    writeFileSync(join(this.stateFolder, 'machine-id'), `${randomBytes(16).toString('hex')}\n`);
  }

  protected plan(): LaunchPlan {
    const script = join(import.meta.dirname, 'user-node-init.sh');
    // The launcher keeps this process's environment (systemd-run needs it); what runs inside gets the node's own.
    const environment = Object.entries(this.environment()).map(([key, value]) => `${key}=${value}`);
    return { unshareFlags, argv: ['env', '-i', ...environment, 'sh', script, this.stateFolder, this.name] };
  }

  protected async wire(): Promise<void> {
    await this.proxy?.listen();
  }

  protected entrance(): Entrance {
    return {
      leaderPid: this.leader(),
      namespaceFlags: enterFlags,
      visitorGroup: '/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope',
      cwd: this.home,
    };
  }

  protected environment(): Record<string, string> {
    return {
      PATH: `${join(this.repository, 'node_modules/.bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: this.home,
      USER: 'root',
      LOGNAME: 'root',
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      XDG_RUNTIME_DIR: '/run/user/0',
      XDG_CONFIG_HOME: join(this.home, '.config'),
      XDG_DATA_HOME: join(this.home, '.local/share'),
      XDG_STATE_HOME: join(this.home, '.local/state'),
      XDG_CACHE_HOME: join(this.home, '.cache'),
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/user/0/bus',
    };
  }

  protected journalFolder(): string {
    return join(this.stateFolder, 'journal');
  }

  managerAddress(): Address {
    if (this.proxy === undefined) throw new Error(`node ${this.name} was made without a manager's address`);
    return this.proxy.address();
  }

  async cut(): Promise<void> {
    this.proxyOrThrow().cut();
  }

  async heal(): Promise<void> {
    this.proxyOrThrow().heal();
  }

  private proxyOrThrow(): FaultProxy {
    if (this.proxy !== undefined) return this.proxy;
    throw new Error(
      `node ${this.name} shares the host's network: give it the manager's address to cut it off from`,
    );
  }

  async poweroff(timeoutMs = 30_000): Promise<void> {
    await this.systemctl('exit');
    await this.waitUntilOff(timeoutMs);
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.proxy?.close();
  }
}
