/** A real agent on a node of the fleet: joined with a token on its standard input, then run. */
import { join } from 'node:path';
import type { FleetNode, NodeProcess } from '../nodes/node.ts';
import { programCommand } from '../support/programs.ts';

export interface AgentSettings {
  /** Further lines of agent.conf's [Agent] section, such as `LogLevel=debug`. */
  config?: readonly string[];
  /** The whole of agent-policy.conf; without one the agent's own default holds. */
  policy?: string;
}

export class SiteAgent {
  readonly node: FleetNode;
  #process: NodeProcess | undefined;
  readonly #settings: AgentSettings;

  constructor(node: FleetNode, settings: AgentSettings = {}) {
    this.node = node;
    this.#settings = settings;
  }

  get folder(): string {
    return join(this.node.home, 'hecate-agent');
  }

  #argv(...args: string[]): string[] {
    const program = programCommand('hecate-agent', this.node.repository);
    return [...program, ...args, '--config', `${this.folder}/agent.conf`];
  }

  async configure(settings: AgentSettings = this.#settings): Promise<void> {
    const { host, port } = this.node.managerAddress();
    const lines = [
      '[Agent]',
      `Manager=${host}:${port}`,
      `Bus=${this.node.managerFlag === '--user' ? 'user' : 'system'}`,
      `IdentityDirectory=${this.folder}/identity`,
      `StateDirectory=${this.folder}/state`,
      `PolicyFile=${this.folder}/agent-policy.conf`,
      ...(settings.config ?? []),
    ];
    await this.node.writeFile(`${this.folder}/agent.conf`, `${lines.join('\n')}\n`);
    await this.writePolicy(settings.policy ?? '[Policy]\nAllow=* *\nExec=yes\n');
  }

  writePolicy(text: string): Promise<void> {
    return this.node.writeFile(`${this.folder}/agent-policy.conf`, text);
  }

  /** Turns a token into an identity. Throws with the agent's own words when that is refused. */
  async join(token: string): Promise<void> {
    await this.configure();
    await this.node.runOrThrow(this.#argv('join'), { input: `${token}\n` });
  }

  /** As `join`, with the result as it is. */
  tryJoin(token: string) {
    return this.node.run(this.#argv('join'), { input: `${token}\n` });
  }

  /** @param launcher what to start it through, such as `unshare --time …`; it must end with its child */
  async start(launcher: readonly string[] = []): Promise<void> {
    // Its log goes to the node's journal where there is one, and is collected with it when a test fails.
    this.#process = await this.node.spawn([...launcher, ...this.#argv('run')], { output: 'pipe' });
    const { child } = this.#process;
    child.stdout?.on('data', (chunk: Buffer) => this.#keep(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#keep(chunk));
  }

  /** The last of what it wrote. */
  log = '';

  #keep(chunk: Buffer): void {
    this.log = (this.log + chunk.toString()).slice(-256 * 1024);
  }

  /** As seen from the host. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`the agent of ${this.node.name} does not run`);
    return pid;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (!process) return;
    process.kill('SIGCONT');
    process.kill(signal);
    await process.exited;
  }
}
