/** What gates look at: units and sessions as the fleet knows them, the network, the exit status of commands. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from '../core/fleet.ts';
import type { Leaf, Observation, Observations } from '../core/plan/gate.ts';
import { leafKey } from '../core/plan/gate-verdict.ts';
import { formatAddress } from '../core/plan/plan-words.ts';
import { isKnown } from '../core/selection.ts';
import { type Reach, reach, readPage } from './network-probe.ts';
import { Turns } from './turns.ts';

export interface GateProbePorts {
  nodeOf(node: NodeName): FleetNode | undefined;
  /** The host that the node's agent last dialled from. */
  lastHostOf(node: NodeName): string | undefined;
  /** What systemd calls a unit that the fleet does not know by this name; rejects when that cannot be asked. */
  unitIdOf(node: NodeName, unit: string, timeLimitMs: number): Promise<string>;
  /** Runs a command on a node; its own policy decides. */
  execute(node: NodeName, argv: readonly string[], timeLimitMs: number): Promise<OperationOutcome>;
}

type Of<Type extends Leaf['type']> = Extract<Leaf, { type: Type }>;
type InTurn = (work: () => Promise<Observation>) => Promise<Observation>;

/**
 * Looks at the network that are under way at once (I14): of a thousand hosts that went off together each is looked at
 * within one look. The kernel waits for 1,024 neighbours at the most (gc_thresh3).
 */
const looksMax = 256;
/** Questions to agents, and commands. */
const callsMax = 64;
/**
 * A host that is up answers or refuses within milliseconds in its own network, or when the first packet was lost, to
 * the second that the kernel sends after 1 s (TCP_TIMEOUT_INIT). Every stage of a shutdown waits for this silence.
 */
const reachTimeLimitMs = 1500;
/** A page may take longer. */
const pageTimeLimitMs = 10_000;

export class GateProbes {
  readonly #ports: GateProbePorts;
  readonly #looks = new Turns(looksMax);
  readonly #calls = new Turns(callsMax);

  constructor(ports: GateProbePorts) {
    this.#ports = ports;
  }

  /** Each leaf gets its answer within the time; what was not seen by then is unknown (I12). Never rejects. */
  async observe(leaves: readonly Leaf[], timeLimitMs: number): Promise<Observations> {
    const untilMs = performance.now() + timeLimitMs;
    const entries = leaves.map(
      async (leaf): Promise<[string, Observation]> => [
        leafKey(leaf),
        await inTime(this.#observe(leaf, timeLimitMs, untilMs).catch(unknownBecause), timeLimitMs),
      ],
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  /**
   * Whether a look could tell that a host is off, tried while it is up: one whose firewall drops what is sent to the port
   * is as silent as one that is off (I12).
   * @returns why not; undefined when it could, or when the node is offline, so that nothing can be said. Never rejects.
   */
  async whyBlind({ node, address, probePort }: Of<'node'>, timeLimitMs: number): Promise<string | undefined> {
    if (this.#ports.nodeOf(node)?.connection !== 'online') return undefined;
    const host = address ?? this.#ports.lastHostOf(node);
    if (!host) return `nobody could see whether ${node} is off: no address of it is known`;
    const result = await this.#looks.take(() =>
      reach(host, probePort, Math.min(timeLimitMs, reachTimeLimitMs)),
    );
    if (result.type === 'connected' || result.type === 'refused') return undefined;
    const where = `${host}:${probePort}`;
    return result.type === 'silent'
      ? `${node} is up, and nobody answers or refuses at ${where}: a look would take it for off; see probe_port`
      : `nobody could see whether ${node} is off: ${where} cannot be looked at: ${result.message}`;
  }

  async #observe(leaf: Leaf, timeLimitMs: number, untilMs: number): Promise<Observation> {
    // Whose turn comes too late is not looked at: nobody would hear of it, and the next look waits behind it.
    const inTurn = (turns: Turns, work: () => Promise<Observation>): Promise<Observation> =>
      turns.take(async () =>
        performance.now() < untilMs ? work() : unknown('its turn did not come in time'),
      );
    switch (leaf.type) {
      case 'unit':
        return this.#observeUnit(leaf, (work) => inTurn(this.#calls, work), timeLimitMs);
      case 'node':
        return this.#observeNode(leaf, (work) => inTurn(this.#looks, work), timeLimitMs);
      case 'tcp':
        return inTurn(this.#looks, () => observePort(leaf, timeLimitMs));
      case 'http':
        return inTurn(this.#looks, () => observePage(leaf, timeLimitMs));
      case 'exec':
        return inTurn(this.#calls, () => this.#observeCommand(leaf, timeLimitMs));
    }
  }

  /** systemd keeps no state of a unit that it has not loaded: it is inactive, unless it goes by another name. */
  async #observeUnit(leaf: Of<'unit'>, inTurn: InTurn, timeLimitMs: number): Promise<Observation> {
    const { node: name, unit } = leaf;
    const why = whyUnitUnknown(this.#ports.nodeOf(name), leaf);
    if (why !== undefined) return unknown(why);
    const loaded = this.#ports.nodeOf(name)?.units.get(unit);
    if (loaded) return verdictOfUnit(loaded, leaf);
    return inTurn(async () => {
      const id = await this.#ports.unitIdOf(name, unit, timeLimitMs);
      const node = this.#ports.nodeOf(name);
      const whyNow = whyUnitUnknown(node, leaf);
      if (whyNow !== undefined) return unknown(whyNow);
      return verdictOfUnit(node?.units.get(id) ?? notLoaded, leaf);
    });
  }

  async #observeNode(leaf: Of<'node'>, inTurn: InTurn, timeLimitMs: number): Promise<Observation> {
    const { node: name, state } = leaf;
    const node = this.#ports.nodeOf(name);
    if (!node) return unknown(`${name} is not a node of this site`);
    const isOnline = node.connection === 'online';
    const seen = isOnline ? `${name} is online` : `${name} is offline`;
    if (state === 'online') return verdict(isOnline, seen);
    if (isOnline) return fails(seen);
    return state === 'offline' ? holds(seen) : inTurn(() => this.#observePower(leaf, timeLimitMs));
  }

  /** I12: the end of its session alone says nothing: a cable, or the agent, may have gone. */
  async #observePower({ node, address, probePort }: Of<'node'>, timeLimitMs: number): Promise<Observation> {
    const host = address ?? this.#ports.lastHostOf(node);
    if (!host) return unknown(`${node} has no session, and no address is known to look at`);
    const where = `${host}:${probePort}`;
    const result = await reach(host, probePort, Math.min(timeLimitMs, reachTimeLimitMs));
    switch (result.type) {
      case 'connected':
        return fails(`${node} has no session, but ${where} answers: the host is up`);
      case 'refused':
        return fails(`${node} has no session, but ${where} refuses: the host is up`);
      case 'silent':
        return holds(`${node} has no session, and nobody answers at ${where} (${result.code})`);
      case 'not-tried':
        return unknown(`${node} has no session, and ${where} cannot be looked at: ${result.message}`);
    }
  }

  async #observeCommand({ node, argv, exitStatus }: Of<'exec'>, timeLimitMs: number): Promise<Observation> {
    const outcome = await this.#ports.execute(node, argv, timeLimitMs);
    const what = `${node}: ${argv[0]}`;
    const { execResult } = outcome;
    if (!execResult) return unknown(`${what}: ${outcome.message || outcome.status}`);
    const status = execResult.exitStatus;
    return verdict(status === exitStatus && outcome.status !== 'timeout', `${what} ended with ${status}`);
  }
}

const holds = (detail: string): Observation => ({ verdict: 'holds', detail });
const fails = (detail: string): Observation => ({ verdict: 'fails', detail });
const unknown = (detail: string): Observation => ({ verdict: 'unknown', detail });
const verdict = (isSo: boolean, detail: string): Observation => (isSo ? holds(detail) : fails(detail));
const unknownBecause = (error: unknown): Observation =>
  unknown(error instanceof Error ? error.message : String(error));

const notLoaded = { activeState: 'inactive', subState: 'dead' };

/** Undefined: what the fleet holds of it is the whole truth (I12). */
function whyUnitUnknown(node: FleetNode | undefined, { node: name, unit }: Of<'unit'>): string | undefined {
  if (!node) return `${name} is not a node of this site`;
  if (node.connection !== 'online') return `${name} is offline: what ${unit} does is not known`;
  return isKnown(node) ? undefined : `the units of ${name} are not all known yet`;
}

const verdictOfUnit = (
  { activeState, subState }: typeof notLoaded,
  { node, unit, states }: Of<'unit'>,
): Observation =>
  verdict(
    states.includes(activeState) || states.includes(subState),
    `${node}: ${unit} is ${activeState} (${subState})`,
  );

async function observePort({ host, port }: Of<'tcp'>, timeLimitMs: number): Promise<Observation> {
  const result: Reach = await reach(host, port, Math.min(timeLimitMs, reachTimeLimitMs));
  const where = `${host}:${port}`;
  switch (result.type) {
    case 'connected':
      return holds(`${where} answers`);
    case 'refused':
      return fails(`${where} refuses`);
    case 'silent':
      return fails(`${where} does not answer (${result.code})`);
    case 'not-tried':
      return unknown(`${where}: ${result.message}`);
  }
}

async function observePage(leaf: Of<'http'>, timeLimitMs: number): Promise<Observation> {
  const { url, status, bodyContains, isCertificateIgnored } = leaf;
  const limitMs = Math.min(timeLimitMs, pageTimeLimitMs);
  const page = await readPage({ url, isCertificateIgnored, timeLimitMs: limitMs });
  const where = formatAddress(url);
  if (page.type === 'no-answer') return fails(`${where}: ${page.message}`);
  if (page.status !== status) return fails(`${where} answers with ${page.status}, ${status} is wanted`);
  const isIn = page.body.includes(bodyContains);
  return verdict(isIn, `${where} answers with ${status}${isIn ? '' : `, without "${bodyContains}" in it`}`);
}

/** Its work goes on, and its answer is not heard. */
function inTime(work: Promise<Observation>, timeLimitMs: number): Promise<Observation> {
  return new Promise((resolve) => {
    const late = unknown(`nothing was seen within ${formatDuration(timeLimitMs)}`);
    const timer = setTimeout(() => resolve(late), timeLimitMs);
    void work.then((observation) => {
      clearTimeout(timer);
      resolve(observation);
    });
  });
}
