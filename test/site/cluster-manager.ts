/** The manager of a cluster, a service of the coordinator, and hecatectl as the operator runs it there. */
import type { BootedNode } from '../nodes/booted-node.ts';
import type { ExecuteResult } from '../nodes/execute.ts';
import type { NodeProcess } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { mainPid, writeManagerConfig } from './installed.ts';
import type { ConfigOverrides } from './manager-process.ts';

const unit = 'hecate-manager.service';

/** On the coordinator. */
export const stateDirectory = '/var/lib/hecate';
const filler = `${stateDirectory}/filler`;

export class ClusterManager {
  readonly node: BootedNode;

  constructor(node: BootedNode) {
    this.node = node;
  }

  /** The manager's socket as this process reaches it, while the coordinator is up; another after each boot. */
  socket(): string {
    return `/proc/${this.node.hostPid(1)}/root/run/hecate/manager.sock`;
  }

  /** hecatectl on the coordinator, as root; it ends with the coordinator. @throws Error when that is off. */
  ctl(args: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<ExecuteResult> {
    return this.node.run(['hecatectl', ...args], options);
  }

  /** As `ctl`, for a hecatectl that goes on. */
  startCtl(args: readonly string[]): Promise<NodeProcess> {
    return this.node.spawn(['hecatectl', ...args]);
  }

  /** As `ctl`, and throws with what it printed unless it exits 0. */
  async ctlOrThrow(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.ctl(args);
    if (exitCode === 0) return stdout;
    throw new Error(`hecatectl ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
  }

  /** hecatectl's JSON answer. */
  async json<Document>(...args: string[]): Promise<Document> {
    return JSON.parse(await this.ctlOrThrow(...args, '-o', 'json')) as Document;
  }

  /** Replaces the whole configuration and lets the manager read it. @throws Error with its complaint; nothing changes then. */
  async configure(config: ConfigOverrides): Promise<void> {
    const candidate = '/root/hecate.yaml';
    await writeManagerConfig(this.node, config, candidate);
    const check = await this.node.run(['hecate-manager', '--check', '--config', candidate]);
    if (check.exitCode !== 0) throw new Error(`the manager refuses its configuration: ${check.stderr}`);
    await writeManagerConfig(this.node, config);
    await this.node.runOrThrow(['systemctl', 'reload-or-restart', unit]);
    await this.untilAnswers();
  }

  /** As seen from the host, for signals and for freezing it. @throws Error when it does not run. */
  pid(): Promise<number> {
    return mainPid(this.node, unit);
  }

  /** systemd starts it again a second later, however often: a test may do this at every step. */
  async kill(): Promise<void> {
    this.node.kill(await this.pid(), 'SIGKILL');
  }

  /** Until it is started again by hand, or the coordinator boots. */
  async stop(): Promise<void> {
    await this.node.runOrThrow(['systemctl', 'stop', unit]);
  }

  async start(): Promise<void> {
    await this.node.runOrThrow(['systemctl', 'start', unit]);
    await this.untilAnswers();
  }

  async untilAnswers(): Promise<void> {
    await until(async () => (await this.ctl(['list-nodes'])).exitCode === 0, {
      what: 'the manager answers',
      timeoutMs: 60_000,
      intervalMs: 100,
    });
  }

  /** Leaves not one block free for the manager's state. @throws Error unless that is on a disk of its own. */
  async fillDisk(): Promise<void> {
    await this.node.runOrThrow(['mountpoint', '-q', stateDirectory]);
    const fill = await this.node.run(['dd', 'if=/dev/zero', `of=${filler}`, 'bs=1024', 'conv=fsync']);
    if (!fill.stderr.includes('No space left')) throw new Error(`the disk is not full: ${fill.stderr}`);
  }

  async emptyDisk(): Promise<void> {
    await this.node.runOrThrow(['rm', '-f', filler]);
  }

  /** What it logged since the coordinator was made, over all boots. */
  log(): Promise<string> {
    return this.node.runOrThrow(['journalctl', '--no-pager', '-o', 'cat', '-u', unit]);
  }
}
