/** A whole site on real systemd nodes: a manager with its authority, every node enrolled, joined and online. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { BootedNode } from '../nodes/booted-node.ts';
import { type BootedFleet, type Fleet, startFleet } from '../nodes/fleet.ts';
import { keepEvidence } from '../nodes/fleet-for-test.ts';
import type { FleetNode } from '../nodes/node.ts';
import { type SiteNetwork, siteAddress } from '../nodes/site-network.ts';
import { until } from '../nodes/until.ts';
import type { UserNode } from '../nodes/user-node.ts';
import { type ConfigOverrides, freePort, ManagerProcess } from './manager-process.ts';
import { type AgentSettings, SiteAgent } from './site-agent.ts';

export interface SiteOptions {
  kind?: 'user' | 'booted';
  names?: readonly string[];
  count?: number;
  config?: ConfigOverrides;
  agent?: AgentSettings;
  /** Unit files that every node has: name → text. */
  units?: Record<string, string>;
  /** Debian packages of booted nodes, beyond the base. */
  packages?: readonly string[];
  /** Enrol, join and start the agents (default), or leave that to the test. */
  join?: boolean;
  /** Where the manager's files go; default: a temporary folder that goes with the site. */
  folder?: string;
}

export class Site {
  readonly manager: ManagerProcess;
  readonly fleet: Fleet;
  readonly agents: ReadonlyMap<string, SiteAgent>;
  readonly #folder: string | undefined;

  constructor(
    manager: ManagerProcess,
    fleet: Fleet,
    agents: ReadonlyMap<string, SiteAgent>,
    folder?: string,
  ) {
    this.manager = manager;
    this.fleet = fleet;
    this.agents = agents;
    this.#folder = folder;
  }

  node(name: string): FleetNode {
    return this.fleet.node(name);
  }

  /** With the proxy between it and the manager. */
  userNode(name: string): UserNode {
    return this.fleet.node(name) as UserNode;
  }

  bootedNode(name: string): BootedNode {
    return this.fleet.node(name) as BootedNode;
  }

  /** The network of booted nodes, which their manager is in. */
  get network(): SiteNetwork {
    return (this.fleet as BootedFleet).site;
  }

  agent(name: string): SiteAgent {
    const agent = this.agents.get(name);
    if (!agent) throw new Error(`no agent ${name}`);
    return agent;
  }

  /** hecatectl's JSON answer. */
  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.manager.ctlOrThrow(...args, '-o', 'json')) as T;
  }

  async enroll(name: string): Promise<string> {
    return (await this.manager.ctlOrThrow('node', 'enroll', name)).trim();
  }

  /** Enrols a node, joins and starts its agent. */
  async admit(name: string): Promise<void> {
    const agent = this.agent(name);
    await agent.join(await this.enroll(name));
    await agent.start();
  }

  async connections(): Promise<Record<string, string>> {
    const lines = (await this.manager.ctlOrThrow('list-nodes', '--no-legend')).trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.trim().split(/\s+/).slice(0, 2)));
  }

  async untilOnline(...names: string[]): Promise<void> {
    const wanted = names.length > 0 ? names : [...this.agents.keys()];
    await until(
      async () => {
        const states = await this.connections();
        return wanted.every((name) => states[name] === 'online');
      },
      { what: `${wanted.join(', ')} online`, timeoutMs: 30_000, intervalMs: 100 },
    );
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.stop('SIGKILL').catch(() => undefined)));
    await this.manager.stop('SIGKILL');
    await this.fleet.destroy();
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }
}

const managerPortOfBooted = 2020;

async function makeFleet(
  options: SiteOptions,
  folder: string,
): Promise<{ fleet: Fleet; manager: ManagerProcess }> {
  const { names, count, config = {}, packages } = options;
  const chosen = { ...(names ? { names } : {}), ...(count ? { count } : {}) };
  if (options.kind === 'booted') {
    const listen = { host: siteAddress, port: managerPortOfBooted };
    const fleet = await startFleet({
      kind: 'booted',
      manager: listen,
      ...chosen,
      ...(packages ? { packages } : {}),
    });
    return {
      fleet,
      manager: new ManagerProcess({ folder, listen, config, wrap: (argv) => fleet.site.wrap(argv) }),
    };
  }
  const listen = { host: '127.0.0.1', port: await freePort() };
  const fleet = await startFleet({ kind: 'user', manager: listen, ...chosen });
  return { fleet, manager: new ManagerProcess({ folder, listen, config }) };
}

/** @throws when a part does not come up; nothing is left then. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const ownFolder = options.folder === undefined ? mkdtempSync(join(tmpdir(), 'hecate-site-')) : undefined;
  const folder = options.folder ?? ownFolder ?? '';
  const { fleet, manager } = await makeFleet(options, folder);
  const agents = new Map(fleet.nodes.map((node) => [node.name, new SiteAgent(node, options.agent)]));
  const site = new Site(manager, fleet, agents, ownFolder);
  try {
    await installUnits(fleet, options.units ?? {});
    await manager.start();
    await manager.ctlOrThrow('ca', 'init');
    if (options.join === false) return site;
    await Promise.all(fleet.nodes.map((node) => site.admit(node.name)));
    await site.untilOnline();
    return site;
  } catch (error) {
    await site.destroy();
    throw error;
  }
}

async function installUnits(fleet: Fleet, units: Record<string, string>): Promise<void> {
  if (Object.keys(units).length === 0) return;
  await Promise.all(
    fleet.nodes.map(async (node) => {
      for (const [name, text] of Object.entries(units))
        await node.writeFile(join(node.unitFolder, name), text);
      await node.systemctl('daemon-reload');
    }),
  );
}

/** A site for one test: destroyed at its end; when the test failed, journals and logs are kept. */
export async function siteForTest(t: Test, options: SiteOptions = {}): Promise<Site> {
  const site = await startSite(options);
  t.teardown(async () => {
    if (!t.passing()) {
      t.comment(`manager's log:\n${site.manager.log().slice(-4000)}`);
      for (const [name, agent] of site.agents) t.comment(`log of agent ${name}:\n${agent.log.slice(-4000)}`);
    }
    await keepEvidence(t, site.fleet).finally(() => site.destroy());
  });
  return site;
}
