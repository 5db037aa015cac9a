/** A real manager in this process, with its files in a folder that goes with the test, and operators to ask it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Item, Method, Outcome, OutcomeOf } from '@hecate/proto/core/frames.ts';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import {
  createDiagnose,
  createHello,
  createListNodes,
  createNodeSelection,
  createOperate,
  type NodeOutcome,
  type NodeSelection,
  type Operate,
} from '@hecate/proto/generated/wire.ts';
import { type CallOptions, Session } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeAgent, type FakeAgentOptions } from '../../../test/support/fake-agent.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import type { ManagerConfig } from '../../src/config/manager-config.ts';
import type { OperatorRole } from '../../src/core/roles.ts';
import { type AuditLog, openAuditLog } from '../../src/io/audit-log.ts';
import { createLogger } from '../../src/io/logger.ts';
import { openStateDirectory, type StateDirectory } from '../../src/io/state-directory.ts';
import { Manager } from '../../src/manager.ts';

export const roomMs = 30_000;

export class Operator {
  readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  static connect(path: string, name = 'alice'): Promise<Operator> {
    return new Promise((resolve, reject) => {
      const transport = streamTransport(connect(path), path);
      const session = new Session('dialler', transport, systemClock, {
        onEstablished: () => resolve(new Operator(session)),
        onEnded: ({ message }) => reject(new Error(message)),
      });
      session.open(
        createHello({
          peerKind: 'operator',
          name,
          softwareVersion: '0.1.0',
          protocolMin: 1,
          protocolMax: 1,
          clockMs: systemClock.bootTimeMs(),
          wallClockMs: systemClock.wallMs(),
        }),
      );
    });
  }

  /** @throws the manager's failure as HecateError */
  async ask(
    method: Method,
    options: Partial<CallOptions> = {},
  ): Promise<{ outcome: Exclude<Outcome, { case: 'failure' }>; items: Item[] }> {
    const items: Item[] = [];
    const outcome = await this.session.call(method, {
      timeLimitMs: roomMs,
      onItem: (item) => void items.push(item),
      ...options,
    });
    return { outcome, items };
  }

  /** The outcome of one case, or a test that fails. */
  async get<Case extends Outcome['case']>(name: Case, method: Method): Promise<OutcomeOf<Case>> {
    const { outcome } = await this.ask(method);
    if (outcome.case !== name) throw new Error(`${outcome.case} instead of ${name}`);
    return outcome.value as OutcomeOf<Case>;
  }

  /** Sorted by node and unit. */
  async operate(value: Partial<Operate>, options: Partial<CallOptions> = {}) {
    const { outcome, items } = await this.ask({ case: 'operate', value: createOperate(value) }, options);
    if (outcome.case !== 'operateSummary') throw new Error(outcome.case);
    const outcomes = items.flatMap((item) => (item.case === 'nodeOutcome' ? [item.value] : []));
    return { summary: outcome.value, outcomes: outcomes.sort(byNodeAndUnit), items };
  }
}

const keyOf = ({ node, unit }: NodeOutcome): string => `${node} ${unit}`;
const byNodeAndUnit = (a: NodeOutcome, b: NodeOutcome): number => (keyOf(a) < keyOf(b) ? -1 : 1);

export const nodes = (...patterns: string[]): NodeSelection => createNodeSelection({ patterns });
export const everyNode = createNodeSelection({ all: true });

export class ManagerBench {
  readonly folder: string;
  config: ManagerConfig;
  #manager: Manager | undefined;
  #state: StateDirectory | undefined;
  #audit: AuditLog | undefined;
  readonly #operators: Operator[] = [];
  readonly #agents: FakeAgent[] = [];

  constructor(config: Record<string, unknown> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'hecate-manager-'));
    this.config = this.configOf(config);
  }

  configOf(changes: Record<string, unknown>): ManagerConfig {
    const sockets = ['viewer', 'operator', 'admin'].map((role) => ({
      path: join(this.folder, `${role}.sock`),
      role,
      mode: '0600',
    }));
    const text = JSON.stringify({
      site: 'bench',
      listen: ['127.0.0.1:0'],
      names: ['127.0.0.1'],
      nodes: ['node-a', 'node-b', 'node-c'],
      sockets,
      plain_loopback_listen: '127.0.0.1:0',
      heartbeat_interval: '5s',
      metrics: { enabled: false },
      audit: { file: join(this.folder, 'audit.jsonl') },
      state_directory: join(this.folder, 'state'),
      ...changes,
    });
    const result = parseConfig(text, 'bench');
    if ('findings' in result) throw new Error(JSON.stringify(result.findings));
    return result.config;
  }

  async start(): Promise<void> {
    const state = await openStateDirectory(this.config.stateDirectory);
    const audit = await openAuditLog(this.config.audit.file);
    const silent = createLogger('error', { write: () => undefined });
    const { config } = this;
    this.#state = state;
    this.#audit = audit;
    this.#manager = await Manager.start({ config, state, audit, logger: silent, softwareVersion: '0.1.0' });
  }

  get manager(): Manager {
    if (!this.#manager) throw new Error('not started');
    return this.#manager;
  }

  async stop(): Promise<void> {
    await this.#manager?.stop();
    await this.#audit?.close();
    await this.#state?.release();
    this.#manager = undefined;
  }

  /** With everything that was opened through it. */
  async close(): Promise<void> {
    for (const agent of this.#agents) agent.leave();
    for (const { session } of this.#operators) session.end('HEC_SHUTTING_DOWN', 'the test is over');
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async reconfigure(changes: Record<string, unknown>): Promise<void> {
    this.config = this.configOf(changes);
    await this.manager.reconfigure(this.config);
  }

  async operator(role: OperatorRole = 'operator', name?: string): Promise<Operator> {
    const operator = await Operator.connect(join(this.folder, `${role}.sock`), name);
    this.#operators.push(operator);
    return operator;
  }

  /** Where agents dial: the manager's own word, because the port is any that was free. */
  async address(): Promise<ManagerAddress> {
    const viewer = await this.operator('viewer');
    const method: Method = { case: 'diagnose', value: createDiagnose({ node: 'node-a' }) };
    const { findings } = await viewer.get('diagnosis', method);
    viewer.session.end('HEC_SHUTTING_DOWN', 'asked');
    const listening = findings.find(({ subject }) => subject === 'port')?.detail ?? '';
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(listening)?.[1]);
    return { host: '127.0.0.1', port };
  }

  /** Resolves when it was welcomed or refused, and when the manager holds it for online in the first case. */
  async agent(options: FakeAgentOptions | string): Promise<FakeAgent> {
    const all = typeof options === 'string' ? { name: options } : options;
    const agent = await FakeAgent.dial(await this.address(), all);
    this.#agents.push(agent);
    return agent;
  }

  /** Waits until the manager knows the node so. */
  async untilNode(name: string, connection: 'online' | 'offline', isComplete?: boolean): Promise<void> {
    const viewer = await this.operator('viewer');
    await until(
      async () => {
        const list = await viewer.get('nodes', { case: 'listNodes', value: createListNodes() });
        const node = list.nodes.find((each) => each.name === name);
        if (node?.connection !== connection) return false;
        return isComplete === undefined || node.snapshotComplete === isComplete;
      },
      { what: `${name} is ${connection}` },
    );
    viewer.session.end('HEC_SHUTTING_DOWN', 'seen');
  }

  /** The entries of the audit log, once there are that many which fit. */
  async audited(fits: (entry: Record<string, unknown>) => boolean, count = 1) {
    return until(
      async () => {
        await this.#audit?.flush();
        const lines = readFileSync(this.config.audit.file, 'utf8').split('\n').filter(Boolean);
        const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(fits);
        return entries.length >= count && entries;
      },
      { what: `${count} entries are in the audit log` },
    );
  }
}

/** A started bench that goes with the test. */
export async function managerBench(t: Test, config: Record<string, unknown> = {}): Promise<ManagerBench> {
  const bench = new ManagerBench(config);
  t.teardown(() => bench.close());
  await bench.start();
  return bench;
}

/** What a call was refused with. */
export async function failureOf(asked: Promise<unknown>): Promise<HecateError> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof HecateError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
