import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carriedEnvironment, cleanEnvironmentScript, ownEnvironment } from './clean-environment.ts';
import { type ExecuteOptions, type ExecuteResult, execute, executeOrThrow } from './execute.ts';
import { spawnInside } from './namespaces.ts';
import type { NodeProcess, SpawnOptions } from './node.ts';

/** The site's own address on its bridge; nodes get `10.88.0.11` and up. Only inside namespaces of our own. */
export const siteAddress = '10.88.0.1';
export const sitePrefixLength = 24;
/** Where magic packets go. Nodes have no default route, so 255.255.255.255 leads nowhere. */
export const siteBroadcastAddress = '10.88.0.255';

/** The address of the n-th node, counted from 0. */
export function nodeAddress(index: number): string {
  return `10.88.0.${11 + index}`;
}

/** The hardware address of the n-th node, the same at every boot: locally administered, with its IP address in it. */
export function nodeMacAddress(index: number): string {
  return ['02:00', ...nodeAddress(index).split('.').map(hexByte)].join(':');
}

function hexByte(decimal: string): string {
  return Number(decimal).toString(16).padStart(2, '0');
}

/** As for nodes, of {@link siteAddress}. */
const siteMacAddress = '02:00:0a:58:00:01';

/**
 * Ready when it has printed `ready`; ends, and the namespace with it, when its stdin does. A bridge without an address of
 * its own takes that of a port: when nodes come and go it would change, and the others would lose the site for half a
 * minute.
 */
const holderScript = `set -eu
ip link set lo up
ip link add site address ${siteMacAddress} type bridge stp_state 0 forward_delay 0
ip address add ${siteAddress}/${sitePrefixLength} dev site
ip link set site up
ip link add void type bridge
echo ready
cat >/dev/null`;

/**
 * The network of a fleet of booted nodes: a bridge in a network namespace of its own, with one port for each node
 * that is up. The machine's own network is not touched, and fleets do not see each other. Processes of the site
 * itself (a manager that is on none of the nodes, a bystander) run in the bridge's namespace.
 */
export class SiteNetwork {
  readonly address = siteAddress;
  private holder: ChildProcess | undefined;
  private readonly group: string;
  private readonly ports = new Set<string>();
  private isSwitchOn = true;

  /** @param fleetGroup the fleet's cgroup: its janitor kills whatever runs in there. */
  constructor(fleetGroup: string) {
    this.group = join(fleetGroup, 'site');
    mkdirSync(this.group);
  }

  async start(): Promise<void> {
    const unshare = ['unshare', '--net', 'sh', '-c', holderScript];
    const [program = '', ...args] = [...this.member(process.cwd()), ...unshare];
    const holder = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.holder = holder;
    let errors = '';
    holder.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    holder.stdin.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      holder.once('error', reject);
      holder.once('exit', () => reject(new Error(`the site network could not be made: ${errors}`)));
      holder.stdout.once('data', () => resolve());
    });
    // An owner with nothing else to do may end; the network ends with it.
    holder.unref();
    for (const stream of [holder.stdin, holder.stdout, holder.stderr]) {
      if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
    }
  }

  private holderPid(): number {
    const pid = this.holder?.exitCode === null ? this.holder.pid : undefined;
    if (pid === undefined) throw new Error('the site network is not there: start() it first');
    return pid;
  }

  private enter(argv: readonly string[]): string[] {
    return ['nsenter', `--target=${this.holderPid()}`, '--net', '--', ...argv];
  }

  /** Makes the process one of the site: in its group, in the folder `cwd`, and gone when its parent is. */
  private member(cwd: string): string[] {
    const script = `${cleanEnvironmentScript}echo 0 > "$1/cgroup.procs"; cd "$2" && shift 2 && exec "$@"`;
    return ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', script, 'sh', this.group, cwd];
  }

  /** Runs a command in the site's network, on the host's files. */
  async run(argv: readonly string[], options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const { cwd = process.cwd(), env, ...rest } = options;
    const carried = carriedEnvironment({ ...ownEnvironment(), ...env });
    return execute(this.enter([...this.member(cwd), ...argv]), { ...rest, env: carried });
  }

  /** Starts a long-lived process in the site's network, on the host's files; it ends with the fleet. */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<NodeProcess> {
    const { env = {}, cwd = process.cwd(), output } = options;
    const launcher = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', '"$@"; exit $?', 'sh'];
    const inside = this.enter([...launcher, ...this.member(cwd), ...argv]);
    return spawnInside(inside, { ...ownEnvironment(), ...env }, output);
  }

  /** The command line that runs `argv` in the site's network, for those who start processes themselves. */
  wrap(argv: readonly string[]): string[] {
    return this.enter([...this.member(process.cwd()), ...argv]);
  }

  /** Puts a link `host0` into the network namespace of `pid`, with its other end on the bridge. */
  async plug(port: string, pid: number, macAddress: string): Promise<void> {
    const ip = (...args: string[]) => executeOrThrow(this.enter(['ip', ...args]));
    // The kernel removes the links of a node that went off in its own time.
    await execute(this.enter(['ip', 'link', 'delete', port]));
    const peer = ['name', 'host0', 'address', macAddress, 'netns', String(pid)];
    await ip('link', 'add', port, 'type', 'veth', 'peer', ...peer);
    this.ports.add(port);
    await ip('link', 'set', port, 'master', 'site', this.isSwitchOn ? 'up' : 'down');
  }

  /** The switch has no power: every host sees the carrier of its link go, as in a power cut. */
  async switchOff(): Promise<void> {
    this.isSwitchOn = false;
    await this.setPorts('down');
  }

  async switchOn(): Promise<void> {
    this.isSwitchOn = true;
    await this.setPorts('up');
  }

  /** Ports of nodes that are off are not there. */
  private async setPorts(state: 'up' | 'down'): Promise<void> {
    await Promise.all([...this.ports].map((port) => execute(this.enter(['ip', 'link', 'set', port, state]))));
  }

  /**
   * The port drops every frame, in both directions, and neither end sees its carrier go: a dead switch, not a
   * pulled cable, which a host would notice. It is moved to a bridge that is down. (A port's own state does not
   * hold: the kernel enables it again at the next link event.)
   */
  async block(port: string): Promise<void> {
    await executeOrThrow(this.enter(['ip', 'link', 'set', port, 'master', 'void']));
  }

  async unblock(port: string): Promise<void> {
    await executeOrThrow(this.enter(['ip', 'link', 'set', port, 'master', 'site']));
  }

  /** Ends all processes of the site, and with them the namespace and its links; idempotent. */
  async stop(): Promise<void> {
    const { holder } = this;
    this.holder = undefined;
    if (holder === undefined || holder.exitCode !== null || holder.signalCode !== null) return;
    holder.ref();
    await new Promise((resolve) => {
      holder.once('exit', resolve);
      writeFileSync(join(this.group, 'cgroup.kill'), '1');
    });
  }
}
