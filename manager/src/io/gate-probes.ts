/** What gates look at: units and sessions as the fleet knows them, the network, the exit status of commands. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from '../core/fleet.ts';
import type { Leaf, Observation, Observations } from '../core/plan/gate.ts';
import { leafKey } from '../core/plan/gate-verdict.ts';
import { isKnown } from '../core/selection.ts';
import { type Reach, reach, readPage } from './network-probe.ts';
import { Turns } from './turns.ts';

export interface GateProbePorts {
  nodeOf(node: NodeName): FleetNode | undefined;
  /** The host that the node's agent last dialled from. */
  lastHostOf(node: NodeName): string | undefined;
  /** Runs a command on a node; its own policy decides. */
  execute(node: NodeName, argv: readonly string[], timeLimitMs: number): Promise<OperationOutcome>;
}

type Of<Type extends Leaf['type']> = Extract<Leaf, { type: Type }>;

/** Looks at the network and commands that are under way at once (I14). */
const probesMax = 64;
/**
 * A host that is up answers or refuses within milliseconds in its own network, or when the first packet was lost, to
 * the second that the kernel sends after 1 s (TCP_TIMEOUT_INIT). Every stage of a shutdown waits for this silence.
 */
const reachTimeLimitMs = 1500;
/** A page may take longer. */
const pageTimeLimitMs = 10_000;

export class GateProbes {
  readonly #ports: GateProbePorts;
  readonly #turns = new Turns(probesMax);

  constructor(ports: GateProbePorts) {
    this.#ports = ports;
  }

  /** Each leaf gets its answer within the time; what was not seen by then is unknown (I12). Never rejects. */
  async observe(leaves: readonly Leaf[], timeLimitMs: number): Promise<Observations> {
    const entries = leaves.map(
      async (leaf): Promise<[string, Observation]> => [
        leafKey(leaf),
        await inTime(this.#observeInTurn(leaf, timeLimitMs), timeLimitMs),
      ],
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  #observeInTurn(leaf: Leaf, timeLimitMs: number): Promise<Observation> {
    if (leaf.type === 'unit') return Promise.resolve(observeUnit(this.#ports.nodeOf(leaf.node), leaf));
    return this.#turns.take(() => this.#observe(leaf, timeLimitMs)).catch(unknownBecause);
  }

  #observe(leaf: Exclude<Leaf, { type: 'unit' }>, timeLimitMs: number): Promise<Observation> {
    switch (leaf.type) {
      case 'node':
        return this.#observeNode(leaf, timeLimitMs);
      case 'tcp':
        return observePort(leaf, timeLimitMs);
      case 'http':
        return observePage(leaf, timeLimitMs);
      case 'exec':
        return this.#observeCommand(leaf, timeLimitMs);
    }
  }

  async #observeNode(leaf: Of<'node'>, timeLimitMs: number): Promise<Observation> {
    const { node: name, state } = leaf;
    const node = this.#ports.nodeOf(name);
    if (!node) return unknown(`${name} is not a node of this site`);
    const isOnline = node.connection === 'online';
    const seen = isOnline ? `${name} is online` : `${name} is offline`;
    if (state === 'online') return verdict(isOnline, seen);
    if (isOnline) return fails(seen);
    return state === 'offline' ? holds(seen) : this.#observePower(leaf, timeLimitMs);
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

/** systemd keeps no state of a unit that it has not loaded: it is inactive. */
const notLoaded = { activeState: 'inactive', subState: 'dead' };

function observeUnit(node: FleetNode | undefined, { node: name, unit, states }: Of<'unit'>): Observation {
  if (!node) return unknown(`${name} is not a node of this site`);
  if (node.connection !== 'online') return unknown(`${name} is offline: what ${unit} does is not known`);
  if (!isKnown(node)) return unknown(`the units of ${name} are not all known yet`);
  const { activeState, subState } = node.units.get(unit) ?? notLoaded;
  const isSo = states.includes(activeState) || states.includes(subState);
  return verdict(isSo, `${name}: ${unit} is ${activeState} (${subState})`);
}

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
  if (page.type === 'no-answer') return fails(`${url}: ${page.message}`);
  if (page.status !== status) return fails(`${url} answers with ${page.status}, ${status} is wanted`);
  const isIn = page.body.includes(bodyContains);
  return verdict(isIn, `${url} answers with ${status}${isIn ? '' : `, without "${bodyContains}" in it`}`);
}

/** Its work goes on, and its answer is not heard. */
function inTime(work: Promise<Observation>, timeLimitMs: number): Promise<Observation> {
  return new Promise((resolve) => {
    const late = unknown(`nothing was seen within ${timeLimitMs} ms`);
    const timer = setTimeout(() => resolve(late), timeLimitMs);
    void work.then((observation) => {
      clearTimeout(timer);
      resolve(observation);
    });
  });
}
