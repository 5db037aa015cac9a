/**
 * A cluster of booted nodes as an operator has it: servers with a real etcd, workers, and a coordinator that runs the
 * manager itself. Every node has its agent; manager and agents are services of systemd and come back with their node.
 */
import type { Test } from 'tap';
import type { BootedNode } from '../nodes/booted-node.ts';
import { type BootedFleet, startFleet } from '../nodes/fleet.ts';
import { keepEvidence } from '../nodes/fleet-for-test.ts';
import type { PowerEvent } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import type { WakeListener } from '../nodes/wake-listener.ts';
import { type ClusterNodes, inventoryOf } from './cluster-inventory.ts';
import { ClusterManager, stateDirectory } from './cluster-manager.ts';
import { serverUnit, workerUnit } from './cluster-units.ts';
import { installAgent, installManager, mainPid } from './installed.ts';
import type { ConfigOverrides } from './manager-process.ts';

const coordinatorName = 'coordinator';
const managerPort = 2020;

/** All that an agent can be asked for: what is proved here is the manager's work. */
const defaultPolicy = '[Policy]\nAllow=* *\nExec=yes\nPoweroff=yes\n';

export interface ClusterOptions {
  /** Default 3. */
  servers?: number;
  /** Default 2. */
  workers?: number;
  /** Hosts that the servers depend on. Default 0. */
  storage?: number;
  /** Keys of hecate.yaml beyond those that the site needs; told the nodes, for their addresses. */
  config?: (cluster: ClusterNodes) => ConfigOverrides;
  /** The whole of every agent's policy. */
  policy?: string;
  /** Puts the manager's state directory on a disk of its own, of this size, for `manager.fillDisk()`. */
  stateDiskMiB?: number;
}

/** When a node really ended; see `monotonicMs`. */
export interface TimeOff {
  readonly node: string;
  readonly atMs: number;
  readonly isOrderly: boolean;
}

/** Names of the nodes: `server-1` …, `worker-1` …, `storage-1` …, `coordinator`. */
export class ClusterSite implements ClusterNodes {
  readonly fleet: BootedFleet;
  /** What makes a magic packet boot its node; with `break` and `mend` for nodes that do not come up. */
  readonly wake: WakeListener;
  readonly manager: ClusterManager;
  readonly servers: readonly BootedNode[];
  readonly workers: readonly BootedNode[];
  readonly storage: readonly BootedNode[];
  readonly coordinator: BootedNode;
  private config: ConfigOverrides;

  constructor(fleet: BootedFleet, wake: WakeListener, options: ClusterOptions) {
    this.fleet = fleet;
    this.wake = wake;
    this.servers = fleet.nodes.filter(({ name }) => name.startsWith('server-'));
    this.workers = fleet.nodes.filter(({ name }) => name.startsWith('worker-'));
    this.storage = fleet.nodes.filter(({ name }) => name.startsWith('storage-'));
    this.coordinator = fleet.node(coordinatorName);
    this.manager = new ClusterManager(this.coordinator);
    this.config = {
      site: 'cluster',
      listen: [`0.0.0.0:${managerPort}`],
      names: [this.coordinator.address],
      heartbeat_interval: '1s',
      metrics: { enabled: false },
      inventory: inventoryOf(this),
      ...options.config?.(this),
    };
  }

  get nodes(): readonly BootedNode[] {
    return this.fleet.nodes;
  }

  node(name: string): BootedNode {
    return this.fleet.node(name);
  }

  /** hecatectl on the coordinator. */
  ctl(...args: string[]): ReturnType<ClusterManager['ctl']> {
    return this.manager.ctl(args);
  }

  /** Replaces these keys of the manager's configuration and lets it read them. */
  async configure(overrides: ConfigOverrides): Promise<void> {
    const config = { ...this.config, ...overrides };
    await this.manager.configure(config);
    this.config = config;
  }

  /** Programs and units on every node, the authority, and every agent joined and online. For nodes that are up. */
  async install(policy: string): Promise<void> {
    await installManager(this.coordinator, this.config);
    await this.manager.untilAnswers();
    await this.manager.ctlOrThrow('ca', 'init');
    await Promise.all(
      this.nodes.map(async (node) => {
        const token = (await this.manager.ctlOrThrow('node', 'enroll', node.name)).trim();
        await this.writeClusterUnit(node);
        await installAgent(node, { manager: `${this.coordinator.address}:${managerPort}`, policy, token });
      }),
    );
    await this.untilOnline();
  }

  private async writeClusterUnit(node: BootedNode): Promise<void> {
    const put = (unit: string, text: string) => node.writeFile(`${node.unitFolder}/${unit}`, text);
    if (this.servers.includes(node)) await put('k3s.service', serverUnit(node, this.servers));
    if (this.workers.includes(node)) await put('k3s-agent.service', workerUnit(node, this.servers));
  }

  /** Node → connection as list-nodes shows it. */
  async connections(): Promise<Record<string, string>> {
    const lines = (await this.manager.ctlOrThrow('list-nodes', '--no-legend')).trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.trim().split(/\s+/).slice(0, 2)));
  }

  /** Waits until the manager answers and these nodes, by default all, are online. */
  async untilOnline(...names: string[]): Promise<void> {
    const wanted = names.length > 0 ? names : this.nodes.map(({ name }) => name);
    const isOnline = async (): Promise<boolean> => {
      const states = await this.connections();
      return wanted.every((name) => states[name] === 'online');
    };
    const what = `${wanted.join(', ')} online`;
    await until(isOnline, { what, timeoutMs: 120_000, intervalMs: 200 });
  }

  /** The state of a unit by its own systemd, such as `activating`. */
  async unitState(node: string, unit: string): Promise<string> {
    return (await this.node(node).systemctl('is-active', unit)).stdout.trim();
  }

  /** The agent of a node as seen from the host, for signals and freezing. systemd starts it again a second later. */
  agentPid(name: string): Promise<number> {
    return mainPid(this.node(name), 'hecate-agent.service');
  }

  async killAgent(name: string): Promise<void> {
    this.node(name).kill(await this.agentPid(name), 'SIGKILL');
  }

  /** Writes a unit or, as `k3s.service.d/NAME.conf`, a drop-in, and lets systemd read it. */
  async writeUnit(name: string, unit: string, text: string): Promise<void> {
    const node = this.node(name);
    await node.writeFile(`${node.unitFolder}/${unit}`, text);
    await node.runOrThrow(['systemctl', 'daemon-reload']);
  }

  /** By hand, all at once: how a test gets to its beginning. What is up stays up. */
  async bootAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.boot()));
    await this.untilOnline();
  }

  /** By hand, all at once, each by its own systemd. */
  async powerOffAll(): Promise<void> {
    await Promise.all(this.nodes.filter((node) => node.isUp()).map((node) => node.poweroff()));
  }

  /** Waits until nothing is up, whoever switches it off. */
  async untilAllOff(timeoutMs = 300_000): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.waitUntilOff(timeoutMs)));
  }

  /** When each node that is off now ended, in that order. */
  timesOff(): TimeOff[] {
    return this.nodes
      .flatMap((node) => {
        const last: PowerEvent | undefined = node.power().at(-1);
        return last?.event === 'off' ? [{ node: node.name, atMs: last.atMs, isOrderly: last.isOrderly }] : [];
      })
      .sort((a, b) => a.atMs - b.atMs);
  }
}

const numbered = (role: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${role}-${index + 1}`);

/** @throws when a part does not come up; nothing is left then. */
export async function startCluster(options: ClusterOptions = {}): Promise<ClusterSite> {
  const { servers = 3, workers = 2, storage = 0, policy = defaultPolicy, stateDiskMiB } = options;
  const names = [
    coordinatorName,
    ...numbered('server', servers),
    ...numbered('worker', workers),
    ...numbered('storage', storage),
  ];
  const disks =
    stateDiskMiB === undefined ? {} : { [coordinatorName]: { path: stateDirectory, sizeMiB: stateDiskMiB } };
  const fleet = await startFleet({ kind: 'booted', names, packages: ['etcd-server'], disks });
  try {
    const cluster = new ClusterSite(fleet, await fleet.listenForWake(), options);
    await cluster.install(policy);
    return cluster;
  } catch (error) {
    await fleet.destroy();
    throw error;
  }
}

/** A cluster for one test, all nodes up and online: destroyed at its end; when the test failed, journals are kept. */
export async function clusterForTest(t: Test, options: ClusterOptions = {}): Promise<ClusterSite> {
  const cluster = await startCluster(options);
  t.teardown(async () => {
    await keepEvidence(t, cluster.fleet).finally(() => cluster.fleet.destroy());
  });
  return cluster;
}
