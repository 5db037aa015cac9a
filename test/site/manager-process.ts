/** A real manager as a child process, with its own folder, that a test can kill, freeze and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type ExecuteResult, execute } from '../nodes/execute.ts';
import type { Address } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { programCommand } from '../support/programs.ts';

export const repository = join(import.meta.dirname, '..', '..');
export const nodeProgram = join(repository, 'node_modules/.bin/node');

/** Keys of hecate.yaml that differ from the test's defaults; JSON is YAML. */
export type ConfigOverrides = Record<string, unknown>;

/** How to run a program where the manager lives: on the host, or in a booted fleet's site network. */
export type Wrap = (argv: readonly string[]) => string[];

/** However this process ends, also by SIGKILL, the manager ends with it. */
const endingWithUs: Wrap = (argv) => ['setpriv', '--pdeathsig', 'KILL', ...argv];

export interface ManagerSettings {
  /** A folder of its own, made if it is not there: config, state, socket, logs. */
  folder: string;
  listen: Address;
  config?: ConfigOverrides;
  wrap?: Wrap;
}

/** Below the ports that the kernel gives to whoever asks for any (32768 and up on Linux). */
const portMin = 15_000;
const portMax = 30_000;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/**
 * A free port of loopback, for a manager that binds it later. It is drawn where nobody is given one by chance: with a
 * port that the kernel chose, two sites at once met on the same one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(portMin, portMax);
    if (await isFree(port)) return port;
  }
}

export class ManagerProcess {
  readonly folder: string;
  readonly socket: string;
  readonly listen: Address;
  readonly configFile: string;
  readonly auditFile: string;
  readonly logFile: string;
  readonly #wrap: Wrap;
  #child: ChildProcess | undefined;

  constructor({ folder, listen, config = {}, wrap = endingWithUs }: ManagerSettings) {
    this.folder = folder;
    this.listen = listen;
    this.#wrap = wrap;
    this.socket = join(folder, 'manager.sock');
    this.configFile = join(folder, 'hecate.yaml');
    this.auditFile = join(folder, 'audit.jsonl');
    this.logFile = join(folder, 'manager.log');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.configure(config);
  }

  /** Writes the configuration; takes effect at the next start or SIGHUP. */
  configure(overrides: ConfigOverrides): void {
    const config = {
      site: 'test',
      listen: [`${this.listen.host}:${this.listen.port}`],
      names: [this.listen.host],
      sockets: [{ path: this.socket, role: 'admin', mode: '0600' }],
      heartbeat_interval: '1s',
      metrics: { enabled: false },
      audit: { file: this.auditFile },
      state_directory: join(this.folder, 'state'),
      ...overrides,
    };
    writeFileSync(this.configFile, `${JSON.stringify(config, null, 2)}\n`);
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the manager does not run');
    return pid;
  }

  isUp(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const log = openSync(this.logFile, 'a');
    const program = programCommand('hecate-manager');
    const [command = '', ...args] = this.#wrap([...program, '--config', this.configFile]);
    const child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    await until(() => this.#child !== child || canConnect(this.socket), {
      what: 'the manager answers on its socket',
      timeoutMs: 30_000,
    });
    if (this.#child !== child) throw new Error(`the manager ended:\n${this.log().slice(-2000)}`);
  }

  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** The audit log so far. */
  audit(): Record<string, unknown>[] {
    if (!existsSync(this.auditFile)) return [];
    const lines = readFileSync(this.auditFile, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Orderly unless another signal is given; resolves when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  }

  /** hecatectl against this manager; stdout, stderr and the exit status as they are. */
  ctl(args: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<ExecuteResult> {
    return execute(this.ctlCommand(args), { timeoutMs: 60_000, ...options, env: this.ctlEnvironment() });
  }

  ctlCommand(args: readonly string[]): string[] {
    return [...programCommand('hecatectl'), ...args];
  }

  ctlEnvironment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.folder,
      HECATE_SOCKET: this.socket,
      LANG: 'C.UTF-8',
    };
  }

  /** As `ctl`, and throws with what it printed unless it exits 0. */
  async ctlOrThrow(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.ctl(args);
    if (exitCode !== 0)
      throw new Error(`hecatectl ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
