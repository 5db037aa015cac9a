import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carriedEnvironment } from './clean-environment.ts';
import { type ExecuteOptions, type ExecuteResult, execute } from './execute.ts';
import { monotonicMs } from './monotonic.ts';
import { type Entrance, enter, launch, spawnInside } from './namespaces.ts';
import type { Address, FleetNode, NodeKind, NodeProcess, PowerEvent, SpawnOptions } from './node.ts';
import { childPids, hostPidOf } from './processes.ts';
import { until } from './until.ts';

/** How to start the tree of processes that is the node. */
export interface LaunchPlan {
  unshareFlags: readonly string[];
  argv: readonly string[];
}

/**
 * What both kinds of node share: a tree of processes in namespaces that ends with its owner, entered with
 * nsenter. The kinds differ in what process 1 does and in how the network is cut.
 */
export abstract class NamespacedNode implements FleetNode {
  readonly name: string;
  abstract readonly kind: NodeKind;
  abstract readonly address: string;
  abstract readonly repository: string;
  abstract readonly home: string;
  abstract readonly managerFlag: '--user' | '--system';
  abstract readonly unitFolder: string;
  /** On the host: everything of this node that outlives a power-off. */
  readonly stateFolder: string;
  protected readonly controlGroup: string | undefined;
  protected launcher: ChildProcess | undefined;
  private readonly scopeName: string;
  private destroyed = false;
  private booting: Promise<void> | undefined;
  private readonly powerEvents: PowerEvent[] = [];
  private boots = 0;

  /** @param scope the fleet's name, state folder and control group, as from openFleetScope. */
  constructor(name: string, scope: { name: string; stateFolder: string; controlGroup: string | undefined }) {
    this.name = name;
    this.scopeName = scope.name;
    this.stateFolder = join(scope.stateFolder, name);
    this.controlGroup = scope.controlGroup === undefined ? undefined : join(scope.controlGroup, name);
    mkdirSync(this.stateFolder, { mode: 0o755 });
    if (this.controlGroup !== undefined) mkdirSync(this.controlGroup);
  }

  abstract cut(): Promise<void>;
  abstract heal(): Promise<void>;
  abstract managerAddress(): Address;
  protected abstract plan(): LaunchPlan;
  /** Called once the namespaces exist, before anything runs in them. */
  protected abstract wire(): Promise<void>;
  protected abstract entrance(): Entrance;
  protected abstract environment(): Record<string, string>;
  /** On the host: the folder that holds the node's journal files. */
  protected abstract journalFolder(): string;

  /** When the node ended by its own record, ms of {@link monotonicMs}; undefined when nothing was recorded. */
  protected recordedEndMs(): number | undefined {
    return undefined;
  }

  power(): readonly PowerEvent[] {
    return this.powerEvents;
  }

  isUp(): boolean {
    return this.launcher !== undefined;
  }

  boot(): Promise<void> {
    if (this.destroyed) return Promise.reject(new Error(`node ${this.name} was destroyed: it cannot boot`));
    if (this.booting === undefined) {
      if (this.isUp()) return Promise.resolve();
      this.booting = this.bootNow().finally(() => {
        this.booting = undefined;
      });
    }
    return this.booting;
  }

  private async bootNow(): Promise<void> {
    const { unshareFlags, argv } = this.plan();
    this.boots += 1;
    const log = openSync(join(this.stateFolder, 'console.log'), 'a', 0o644);
    const unit = `${this.scopeName}-${this.name}-${this.boots}`;
    const launcher = launch(unit, this.controlGroup, unshareFlags, argv, log);
    closeSync(log);
    this.launcher = launcher;
    this.powerEvents.push({ event: 'on', atMs: monotonicMs() });
    const off = (exitCode: number | null): void => {
      if (this.launcher !== launcher) return;
      this.launcher = undefined;
      const atMs = this.recordedEndMs() ?? monotonicMs();
      this.powerEvents.push({ event: 'off', atMs, isOrderly: exitCode === 0 });
    };
    launcher.once('exit', off);
    launcher.once('error', () => off(null));
    await until(() => !this.isUp() || this.firstPid() !== undefined, {
      what: `node ${this.name} has namespaces`,
      intervalMs: 5,
    });
    await this.wire();
    launcher.stdin?.write('go\n');
    await until(async () => !this.isUp() || (await this.hasStarted()), {
      what: `systemd of node ${this.name} has started`,
      timeoutMs: 90_000,
    });
    if (!this.isUp()) {
      const log = readFileSync(join(this.stateFolder, 'console.log'), 'utf8').slice(-2_000);
      throw new Error(`node ${this.name} ended while it booted; its console said last: ${log}`);
    }
    // From here on an owner that has nothing else to do may end; its nodes end with it.
    launcher.unref();
    const stdin: unknown = launcher.stdin;
    if (stdin instanceof Object && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  }

  /** `degraded` counts: a unit that failed is for the test to find, the host is up. */
  private async hasStarted(): Promise<boolean> {
    const { stdout } = await this.systemctl('is-system-running', '--wait');
    return /^(running|degraded)$/m.test(stdout);
  }

  /** The first process of the node's namespaces, as seen from the host. */
  protected firstPid(): number | undefined {
    const launcherPid = this.launcher?.pid;
    return launcherPid === undefined ? undefined : this.unsharedChild(launcherPid);
  }

  private unsharedChild(launcherPid: number): number | undefined {
    return childPids(launcherPid)[0];
  }

  protected leader(): number {
    const pid = this.firstPid();
    if (pid === undefined) throw new Error(`node ${this.name} is off: boot() it first`);
    return pid;
  }

  async waitUntilOff(timeoutMs = 60_000): Promise<void> {
    await until(() => !this.isUp(), { what: `node ${this.name} is off`, timeoutMs });
  }

  abstract poweroff(timeoutMs?: number): Promise<void>;

  async pullPlug(): Promise<void> {
    const pid = this.firstPid();
    // Process 1 rather than its launcher: the launcher then reaps it, and no orphan is left to the host's init.
    try {
      if (pid === undefined) this.launcher?.kill('SIGKILL');
      else process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // it ended just now
    }
    await this.waitUntilOff();
  }

  async run(argv: readonly string[], options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const env = carriedEnvironment({ ...this.environment(), ...options.env });
    const { cwd, ...rest } = options;
    return execute(enter(this.entrance(), argv, cwd), { ...rest, env });
  }

  async runOrThrow(argv: readonly string[], options: ExecuteOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(argv, options);
    if (exitCode === 0) return stdout;
    throw new Error(
      `on node ${this.name}: ${argv.join(' ')} ended with status ${exitCode}: ${stderr || stdout}`,
    );
  }

  systemctl(...args: string[]): Promise<ExecuteResult> {
    return this.run(['systemctl', this.managerFlag, '--no-pager', '--no-ask-password', ...args]);
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<NodeProcess> {
    const env = { ...this.environment(), ...options.env };
    return spawnInside(enter(this.entrance(), argv, options.cwd), env, options.output);
  }

  async writeFile(path: string, text: string | Buffer, mode = 0o644): Promise<void> {
    const script = `umask 077 && mkdir -p -m 755 "$(dirname "$1")" && cat > "$1.new" && chmod ${mode.toString(8)} "$1.new" && mv -f "$1.new" "$1"`;
    await this.runOrThrow(['sh', '-c', script, 'sh', path], { input: text });
  }

  readFile(path: string): Promise<string> {
    return this.runOrThrow(['cat', '--', path]);
  }

  hostPid(insidePid: number): number {
    const pid = hostPidOf(this.leader(), insidePid);
    if (pid === undefined) throw new Error(`node ${this.name} has no process ${insidePid}`);
    return pid;
  }

  freeze(pid: number): void {
    process.kill(pid, 'SIGSTOP');
  }

  thaw(pid: number): void {
    process.kill(pid, 'SIGCONT');
  }

  kill(pid: number, signal: NodeJS.Signals): void {
    process.kill(pid, signal);
  }

  async collect(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const keep = async (file: string, result: Promise<ExecuteResult>): Promise<void> => {
      // Evidence is best effort: one source that fails must not hide the others.
      const text = await result.then(
        ({ stdout, stderr }) => stdout + stderr,
        (error: unknown) => `could not be collected: ${String(error)}\n`,
      );
      writeFileSync(join(folder, file), text);
    };
    await keep('console.log', execute(['cat', join(this.stateFolder, 'console.log')]));
    if (this.isUp()) {
      await this.run(['journalctl', '--sync'], { timeoutMs: 5_000 }).catch(() => undefined);
      const inside = (...argv: string[]) => this.run(argv, { timeoutMs: 5_000 });
      const systemctl = ['systemctl', this.managerFlag, '--no-pager', '--full'];
      await Promise.all([
        keep('units.txt', inside(...systemctl, 'list-units', '--all')),
        keep('jobs.txt', inside(...systemctl, 'list-jobs')),
        keep('status.txt', inside(...systemctl, 'status', '--all', '--lines=0')),
        keep('processes.txt', inside('ps', '-eo', 'pid,ppid,stat,wchan:20,args', '--forest')),
      ]);
    }
    const journal = ['journalctl', '--no-pager', '-o', 'short-precise', '-D', this.journalFolder()];
    await keep('journal.txt', execute(journal, { timeoutMs: 20_000 }));
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    await this.pullPlug();
  }
}
