/** Operations: once, in their turn, in their time, by the newest manager, and what is said of them is so (I1 to I4, I6, I9). */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { OperationRequest } from '../../manager/src/core/operations.ts';
import type { StepAddress } from '../../manager/src/core/plan/plan.ts';
import type { Applied, SimulatedHost } from './runs-host.ts';
import { whyNotPoweredOff } from './runs-truth.ts';
import { hasReached, keyOf, openBefore, type Watched } from './runs-watched.ts';
import type { SimulationWorld } from './runs-world.ts';

interface Place {
  readonly run: Watched;
  readonly address: StepAddress;
}

/** From the agent's last look at its clock to systemd. */
const applySlackMs = 4;

export class OperationCheckers {
  readonly #places = new Map<string, Place>();
  /** Of a lost operation: the first id of its chain. */
  readonly #firstOf = new Map<string, string>();
  readonly #answers = new Map<string, Set<string>>();
  /** By a manager that another one had taken the place of: what this one says of it is of its own request. */
  readonly #sentByOld = new Set<string>();
  readonly #limitAtMs = new Map<string, number>();
  readonly #world: SimulationWorld;
  readonly #fail: (text: string) => never;

  constructor(world: SimulationWorld, fail: (text: string) => never) {
    this.#world = world;
    this.#fail = fail;
  }

  /** Which step an id is of. */
  place(opId: string, run: Watched, address: StepAddress): void {
    const there = this.#places.get(opId);
    if (there && (there.run !== run || keyOf(there.address) !== keyOf(address)))
      this.#fail(`I2: the id ${opId} is used for two operations`);
    this.#places.set(opId, { run, address });
  }

  isSaidDone(opId: OpId): boolean {
    return this.#answers.get(opId)?.has('done') === true;
  }

  onApplied(host: SimulatedHost, applied: Applied): void {
    const { opId, verb, epoch } = applied;
    if (host.appliedIds.has(opId)) this.#fail(`I2: ${opId} (${verb}) was applied twice on ${host.name}`);
    const persisted = this.#world.agentOf(host.name as NodeName).seenEpoch;
    if (epoch < persisted)
      this.#fail(`I6: ${verb} of epoch ${epoch} was applied on ${host.name}, which has seen ${persisted}`);
    const limitAtMs = this.#limitAtMs.get(opId);
    if (limitAtMs !== undefined && applied.atMs > limitAtMs + applySlackMs)
      this.#fail(`${verb} ${opId} was applied on ${host.name} after its time limit`);
    const place = this.#placeOf(opId);
    if (place) this.#checkOrder(host, applied, place);
  }

  #placeOf(opId: string): Place | undefined {
    return this.#places.get(this.#firstOf.get(opId) ?? opId);
  }

  /** I1, I3, I4 */
  #checkOrder(host: SimulatedHost, { verb }: Applied, { run, address }: Place): void {
    const open = openBefore(run, address);
    if (open !== undefined)
      this.#fail(`I1: ${verb} of step ${keyOf(address)} on ${host.name} before step ${open} was over`);
    const why = verb === 'poweroff' ? whyNotPoweredOff(this.#world, run, host.name as NodeName) : undefined;
    if (why) this.#fail(why);
  }

  /** I9 */
  onSent({ opId, node, verb, timeLimitMs }: OperationRequest, isRecorded: boolean, epoch: number): void {
    if (epoch !== this.#world.manager.epoch) this.#sentByOld.add(opId);
    const limitAtMs = this.#world.time.nowMs + timeLimitMs;
    this.#limitAtMs.set(opId, Math.max(limitAtMs, this.#limitAtMs.get(opId) ?? 0));
    if (!isRecorded) this.#fail(`I9: ${verb} ${opId} was sent to ${node} before it was recorded`);
    const place = this.#placeOf(opId);
    if (place?.run.isEnded && epoch === this.#world.manager.epoch)
      this.#fail(`${verb} ${opId} of run ${place.run.runId}, which is over, was sent to ${node}`);
  }

  onSuccessor(opId: OpId, successor: OpId): void {
    this.#firstOf.set(successor, this.#firstOf.get(opId) ?? opId);
    this.#world.sometimes('lost operation asked for again');
  }

  onOutcome({ opId, node, verb, unit }: OperationRequest, outcome: OperationOutcome, epoch: number): void {
    if (epoch !== this.#world.manager.epoch) return;
    const host = this.#world.hosts.get(node);
    const isApplied = host?.appliedIds.has(opId) === true;
    // After a restart the agent takes a job of the same kind for its own, as systemd would have merged the two.
    const isReached = host && hasReached(host, verb, unit);
    if (outcome.status === 'done' && !outcome.inferred && !isApplied && !isReached)
      this.#fail(`${verb} ${opId} is said to be done on ${node}, and was never applied`);
    // A shutdown sends it unrecorded when the disk is full: after a crash then, nobody knows that it did.
    const isForgotten = this.#sentByOld.has(opId) || this.#world.hasLostRecords();
    if (outcome.status === 'refused' && isApplied && !isForgotten)
      this.#fail(`${verb} ${opId} is said to be refused on ${node}, and was applied`);
    const first = this.#firstOf.get(opId) ?? opId;
    const answers = this.#answers.get(first) ?? new Set();
    this.#answers.set(first, answers.add(outcome.status));
  }
}
