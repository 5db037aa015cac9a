/** A cluster of booted nodes that hangs on a real upsd, and is brought back by hecate-bootstrap.service. */
import type { RunSummary } from '@hecate/proto/generated/wire.ts';
import type { Test } from 'tap';
import { failMains, full } from '../../../manager/test/support/power-bench.ts';
import { listRuns } from '../../../manager/test/support/runs-bench.ts';
import { siteAddress } from '../../nodes/site-network.ts';
import { until } from '../../nodes/until.ts';
import { startUpsd, type Upsd } from '../../nut/upsd.ts';
import { type ClusterOptions, type ClusterSite, clusterForTest } from '../../site/cluster-site.ts';
import { ask } from './cluster-runs.ts';

const bootstrapUnit = 'hecate-bootstrap.service';
/** In the network of the site there is nobody else. */
const nutPort = 3493;

export interface PowerClusterOptions extends Omit<ClusterOptions, 'config'> {
  readonly power?: Record<string, unknown>;
}

export class PowerCluster {
  readonly cluster: ClusterSite;
  readonly upsd: Upsd;
  private readonly declared: Record<string, unknown>;

  constructor(cluster: ClusterSite, upsd: Upsd, declared: Record<string, unknown>) {
    this.cluster = cluster;
    this.upsd = upsd;
    this.declared = declared;
  }

  /** Keys of `power` that differ from now on from those that the cluster was made with. */
  configure(power: Record<string, unknown>): Promise<void> {
    return this.cluster.configure({ power: { ...this.declared, ...power } });
  }

  /** Mains fails, and the battery tells so much: under the threshold. @returns the shutdown that this leads to */
  async failMains(runtimeSeconds: number): Promise<RunSummary> {
    const before = new Set((await ask(this.cluster, listRuns)).map(({ runId }) => runId));
    await ask(this.cluster, (operator) => failMains(this.upsd, operator, { runtimeSeconds }));
    return this.untilRun('shutdown', before);
  }

  /** The first run of this kind that is none of those. */
  untilRun(kind: RunSummary['kind'], known: ReadonlySet<string>): Promise<RunSummary> {
    return until(
      async () => {
        const runs = await ask(this.cluster, listRuns);
        return runs.find((run) => run.kind === kind && !known.has(run.runId));
      },
      { what: `there is a ${kind}`, timeoutMs: 60_000, intervalMs: 100 },
    );
  }

  returnMains(): Promise<void> {
    return this.upsd.set('rack', full);
  }

  /** By hand, as the boot does where it is enabled. */
  async startBootstrap(): Promise<void> {
    await this.cluster.coordinator.runOrThrow(['systemctl', 'start', bootstrapUnit]);
  }

  async killBootstrap(): Promise<void> {
    await this.cluster.coordinator.runOrThrow(['systemctl', 'kill', '--signal=SIGKILL', bootstrapUnit]);
  }

  /** Its state by systemd, such as `active` or `inactive`, and how it ended last. */
  async bootstrapState(): Promise<{ readonly active: string; readonly exitStatus: string }> {
    const properties = ['ActiveState', 'ExecMainStatus'].map((name) => `--property=${name}`);
    const shown = await this.cluster.coordinator.runOrThrow([
      'systemctl',
      'show',
      ...properties,
      bootstrapUnit,
    ]);
    const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1] ?? '';
    return { active: value('ActiveState'), exitStatus: value('ExecMainStatus') };
  }

  /** What it has said since the coordinator booted. */
  bootstrapLog(): Promise<string> {
    const journal = ['journalctl', '--no-pager', '-b', '-o', 'cat', '-u', bootstrapUnit];
    return this.cluster.coordinator.runOrThrow(journal);
  }

  untilBootstrapSays(pattern: RegExp): Promise<unknown> {
    return until(async () => pattern.test(await this.bootstrapLog()), {
      what: `${bootstrapUnit} says ${pattern}`,
      timeoutMs: 120_000,
      intervalMs: 100,
    });
  }

  /** Waits until it has ended. @returns its exit status */
  async bootstrapEnded(): Promise<string> {
    const ended = await until(
      async () => {
        const state = await this.bootstrapState();
        return ['inactive', 'failed'].includes(state.active) && state;
      },
      { what: `${bootstrapUnit} has ended`, timeoutMs: 240_000, intervalMs: 200 },
    );
    return ended.exitStatus;
  }
}

/** All nodes up, mains there, and hecate-bootstrap.service enabled, not started. */
export async function powerCluster(t: Test, options: PowerClusterOptions): Promise<PowerCluster> {
  const { power, ...rest } = options;
  const declared = { upses: [{ name: 'rack-a', ups: `rack@${siteAddress}:${nutPort}` }], ...power };
  const cluster = await clusterForTest(t, { ...rest, config: () => ({ power: declared }) });
  const upsd = await startUpsd(t, {
    upses: { rack: { kind: 'dev', values: full } },
    listen: siteAddress,
    port: nutPort,
    within: cluster.fleet.site.wrap([]),
  });
  await cluster.coordinator.runOrThrow(['systemctl', 'enable', '--quiet', bootstrapUnit]);
  return new PowerCluster(cluster, upsd, declared);
}
