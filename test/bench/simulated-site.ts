/** A real manager with simulated agents on loopback, whose jobs take the time that is set for each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session } from '@hecate/proto/io/session-host.ts';
import { until } from '../nodes/until.ts';
import { type ConfigOverrides, freePort, ManagerProcess } from '../site/manager-process.ts';
import { openOperatorSession } from './operation-latency.ts';
import { SimulatedAgent } from './simulated-agent.ts';

export interface SimulatedSiteOptions {
  /** How long every job of each agent takes; their number is the number of nodes. */
  readonly jobsMs: readonly number[];
  readonly unit: string;
  readonly config: ConfigOverrides;
}

export class SimulatedSite {
  readonly manager: ManagerProcess;
  readonly #folder: string;
  readonly #options: SimulatedSiteOptions;
  readonly #port: number;
  agents: SimulatedAgent[] = [];

  private constructor(folder: string, options: SimulatedSiteOptions, manager: ManagerProcess, port: number) {
    this.#folder = folder;
    this.#options = options;
    this.#port = port;
    this.manager = manager;
  }

  static async start(options: SimulatedSiteOptions): Promise<SimulatedSite> {
    const folder = mkdtempSync(join(tmpdir(), 'hecate-bench-'));
    const port = await freePort();
    const names = options.jobsMs.map((_, index) => nodeName(index));
    const config = {
      heartbeat_interval: '5s',
      plain_loopback_listen: `127.0.0.1:${port}`,
      nodes: names,
      inventory: names.map((name) => ({ name })),
      ...options.config,
    };
    const listen = { host: '127.0.0.1', port: await freePort() };
    const site = new SimulatedSite(folder, options, new ManagerProcess({ folder, listen, config }), port);
    try {
      await site.manager.start();
      site.#startAgents();
      await site.untilAllThere();
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  #startAgents(): void {
    const { jobsMs, unit } = this.#options;
    const manager = { host: '127.0.0.1', port: this.#port };
    this.agents = jobsMs.map(
      (jobMs, index) =>
        new SimulatedAgent({ name: nodeName(index), manager, units: [{ name: unit }], jobMs }),
    );
  }

  async untilAllThere(): Promise<void> {
    await until(() => this.agents.every((agent) => agent.isConnected), {
      what: `${this.agents.length} sessions`,
      timeoutMs: 60_000,
      intervalMs: 5,
    });
  }

  /** How many jobs the agents were asked for so far, with this verb. */
  jobs(verb: string): number {
    const count = (calls: readonly string[]): number =>
      calls.filter((call) => call.startsWith(`${verb} `)).length;
    return this.agents.reduce((sum, agent) => sum + count(agent.systemd.calls), 0);
  }

  async jobsInFlight(): Promise<number> {
    const lists = await Promise.all(this.agents.map((agent) => agent.systemd.listJobs()));
    return lists.flat().length;
  }

  operator(): Promise<Session> {
    return openOperatorSession(this.manager.socket);
  }

  async close(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.close()));
    await this.manager.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const nodeName = (index: number): string => `sim-${index}`;
