/** What a running command has at hand. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import type { Item, Method, Outcome, OutcomeOf } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { NodeSelection } from '@hecate/proto/generated/wire.ts';
import type { CommandDefinition } from './core/command-definition.ts';
import { parseDurationMs } from './core/duration.ts';
import type { Invocation } from './core/invocation.ts';
import { type ManagerTarget, managerTarget } from './core/manager-target.ts';
import { printable } from './core/printable.ts';
import { nodeSelection, unitPatterns } from './core/selection.ts';
import { connectManager } from './io/connect.ts';
import { type Manager, welcomeTimeLimitMs } from './io/manager.ts';
import type { Output } from './io/output.ts';

/** How a command ends: by the table, or (exec only) with the status of what it ran. */
export type End = ExitName | number;

export interface Command {
  readonly definition: CommandDefinition;
  readonly run: (context: Context) => Promise<End>;
}

type Answer = Exclude<Outcome, { case: 'failure' }>;

/** How much longer than the manager's own limit we wait for its answer, where it has one: its word is heard. */
const answerMarginMs = 3000;
/** What is only looked up in the manager's memory, or asked of a node. */
const readTimeLimitMs = 30_000;

export class Context {
  readonly invocation: Invocation;
  readonly out: Output;
  /** Aborted by Ctrl-C, SIGTERM, and when nobody reads the output of a stream any more. */
  readonly signal: AbortSignal;
  #manager: Promise<Manager> | undefined;
  #configuredSocket: string | undefined;

  constructor(invocation: Invocation, out: Output, signal: AbortSignal) {
    this.invocation = invocation;
    this.out = out;
    this.signal = signal;
  }

  get target(): ManagerTarget {
    return managerTarget({
      socket: this.#configuredSocket ?? this.invocation.text('socket'),
      manager: this.invocation.text('manager'),
      environmentSocket: process.env.HECATE_SOCKET,
      environmentManager: process.env.HECATE_MANAGER,
    });
  }

  /**
   * --config FILE: the socket that the manager's configuration names, instead of the usual one.
   * @throws HEC_CONFIG; HEC_USAGE when another manager is named beside it
   */
  async useConfig(): Promise<void> {
    const path = this.invocation.text('config');
    if (path === undefined) return;
    if (this.invocation.text('socket') !== undefined || this.invocation.text('manager') !== undefined) {
      const message = '--config names the manager of this host, and so contradicts --socket and --manager';
      throw new HecateError('HEC_USAGE', message, 'give one of them');
    }
    // YAML is loaded only for those who name a file.
    const { socketOfConfig } = await import('./io/socket-of-config.ts');
    this.#configuredSocket = await socketOfConfig(path);
  }

  /** How this manager was named, for commands to come back with: ` --socket /run/x.sock`, or nothing. */
  get sameManager(): string {
    const given = ['config', 'socket', 'manager'].flatMap((option) => {
      const value = this.invocation.text(option);
      return value === undefined ? [] : [` --${option} ${value}`];
    });
    return given.join('');
  }

  /** Where an operator's certificate is kept. */
  get identityDirectory(): string {
    const given = this.invocation.text('identity') ?? process.env.HECATE_IDENTITY;
    if (given) return given;
    return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'hecate');
  }

  manager(): Promise<Manager> {
    this.#manager ??= connectManager(
      this.target,
      () => this.identityDirectory,
      this.signal,
      Math.min(this.timeLimitMs(), welcomeTimeLimitMs),
    );
    return this.#manager;
  }

  /** The next question dials anew: the session that was there is over. */
  async forgetManager(): Promise<void> {
    const manager = await this.#manager?.catch(() => undefined);
    this.#manager = undefined;
    manager?.close();
  }

  /** --timeout, or what fits the command. */
  timeLimitMs(defaultMs: number = readTimeLimitMs): number {
    const given = this.invocation.text('timeout');
    return given === undefined ? defaultMs : parseDurationMs(given);
  }

  /** Asks the manager and waits for its answer, within the command's time limit. */
  async ask<Case extends Answer['case']>(
    expected: Case,
    method: Method,
    options: {
      timeLimitMs?: number;
      isLimitedByManager?: boolean;
      onItem?: (item: Item) => void | Promise<void>;
    } = {},
  ): Promise<OutcomeOf<Case>> {
    const manager = await this.manager();
    const { onItem } = options;
    const timeLimitMs = Math.min(
      (options.timeLimitMs ?? this.timeLimitMs()) + (options.isLimitedByManager ? answerMarginMs : 0),
      limits.timeLimitMsMax,
    );
    return manager.ask(expected, method, { timeLimitMs, signal: this.signal, ...(onItem ? { onItem } : {}) });
  }

  /** The nodes that the command was given; all of them with --all, or when they may be left out and were. */
  get nodes(): NodeSelection {
    return nodeSelection(this.invocation.operands('NODE'));
  }

  /** The units that the command was given. */
  get units(): string[] {
    return unitPatterns(this.invocation.operands('UNIT'));
  }

  /** Over the session that the command has opened anyway. What goes wrong says so, and changes nothing else. */
  async #renewWhenDue(manager: Manager): Promise<void> {
    const directory = this.identityDirectory;
    try {
      const { renewWhenDue } = await import('./io/renew-certificate.ts');
      await renewWhenDue({
        directory,
        nowMs: Date.now(),
        ask: (value, timeLimitMs) =>
          manager.ask(
            'certificate',
            { case: 'renewCertificate', value },
            { timeLimitMs, signal: this.signal },
          ),
      });
    } catch (thrown) {
      const { message } = asHecateError(thrown);
      this.out.error(
        printable(`hecatectl: your certificate in ${directory} could not be renewed: ${message}`),
      );
    }
  }

  async close(): Promise<void> {
    const manager = await this.#manager?.catch(() => undefined);
    if (!manager) return;
    if (this.target.kind === 'remote' && !this.signal.aborted) await this.#renewWhenDue(manager);
    manager.close();
  }
}
