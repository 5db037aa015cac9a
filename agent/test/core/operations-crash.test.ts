/**
 * The operation machine against a model of systemd, a disk and a manager, with crashes at every effect: an OpId is
 * applied at most once (I2), only under an epoch that is not over (I6), never after it was told as not done, and
 * ends with one definite outcome. The same seed plays the same game.
 */
import type { Operation, OperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import type { Facts } from '../../src/core/operation-inference.ts';
import type { OperationRecord } from '../../src/core/operation-record.ts';
import { operationsStep } from '../../src/core/operations.ts';
import type { OperationsEffect, OperationsInput, OperationsState } from '../../src/core/operations-state.ts';
import { noFacts, openState, operation, opId } from '../support/operations.ts';

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Job {
  opId: string;
  jobId: number;
  jobPath: string;
  isOver: boolean;
}

/** A node: what survives a crash of the agent is here. */
class World {
  readonly #random: () => number;
  nowMs = 0;
  applied = new Map<string, number>();
  changedAtUs = new Map<string, number>();
  jobs: Job[] = [];
  /** Everything appended, and how much of it the disk has for sure. */
  written: OperationRecord[] = [];
  durable = 0;
  state: OperationsState;
  /** Effects that are being carried out: each is one pending completion, delivered in any order. */
  pending: (() => void)[] = [];
  told = new Map<string, OperationOutcome>();
  reported = new Map<string, OperationOutcome>();
  crashes = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.state = openState([], { isBusConnected: false });
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  step(input: OperationsInput): void {
    const at = { nowMs: this.nowMs, bootTimeMs: this.nowMs, monotonicUs: this.nowMs * 1000 };
    for (const effect of operationsStep(this.state, input, at)) this.perform(effect);
  }

  later(then: () => void): void {
    this.pending.push(then);
  }

  perform(effect: OperationsEffect): void {
    switch (effect.type) {
      case 'persist': {
        this.written.push(...effect.records);
        const upTo = this.written.length;
        const { durable } = effect;
        if (durable)
          this.later(() => {
            this.durable = Math.max(this.durable, upTo);
            this.step(durable);
          });
        return;
      }
      case 'compact':
        this.written = [...effect.records];
        this.durable = this.written.length;
        return;
      case 'call':
        if (effect.operation.epoch < this.state.highestEpoch)
          throw new Error(`called under an epoch that is over (I6): ${effect.opId}`);
        this.later(() => this.apply(effect.operation));
        return;
      case 'poll':
        this.later(() => {
          const isThere = this.jobs.some((job) => job.jobPath === effect.jobPath && !job.isOver);
          this.step({ type: 'polled', opId: effect.opId, isThere });
        });
        return;
      case 'inspect':
        this.later(() =>
          this.step({ type: 'inspected', opId: effect.opId, facts: this.factsOf(effect.opId) }),
        );
        return;
      case 'investigate':
        this.later(() =>
          this.step({ type: 'investigated', opId: effect.opId, evidence: undefined, logLines: [] }),
        );
        return;
      case 'answer':
        this.told.set(effect.outcome.opId, effect.outcome);
        return;
      case 'report':
        this.later(() => {
          for (const outcome of effect.outcomes) this.reported.set(outcome.opId, outcome);
          this.step({ type: 'reported', opIds: effect.outcomes.map((outcome) => outcome.opId) });
        });
        return;
      case 'answer-resolve':
        for (const { opId: id, outcome } of effect.operations) if (outcome) this.told.set(id, outcome);
    }
  }

  /** systemd takes the call; its answer may be lost with the agent. */
  apply(call: Operation): void {
    this.applied.set(call.opId, (this.applied.get(call.opId) ?? 0) + 1);
    this.changedAtUs.set(call.opId, this.nowMs * 1000 + 1);
    const jobId = this.jobs.length + 1;
    const job: Job = { opId: call.opId, jobId, jobPath: `/job/${jobId}`, isOver: false };
    this.jobs.push(job);
    this.later(() => {
      this.step({
        type: 'called',
        opId: call.opId,
        result: { case: 'job', job: { jobId, jobPath: job.jobPath } },
      });
      if (job.isOver) this.step({ type: 'job-removed', jobPath: job.jobPath, result: 'done' });
    });
    this.finishLater(job);
  }

  finishLater(job: Job): void {
    this.later(() => {
      job.isOver = true;
      // Some signals are lost.
      if (this.chance(0.7)) this.step({ type: 'job-removed', jobPath: job.jobPath, result: 'done' });
    });
  }

  factsOf(id: string): Facts {
    const job = this.jobs.find((each) => each.opId === id && !each.isOver);
    const changed = this.changedAtUs.get(id);
    return {
      ...noFacts,
      job: job && { jobId: job.jobId, jobPath: job.jobPath },
      unit: {
        loadState: 'loaded',
        activeState: changed === undefined ? 'inactive' : 'active',
        subState: '',
        result: 'success',
        execMainStatus: 0,
        execMainCode: 0,
        invocationId: '',
        stateChangeTimestampMonotonic: BigInt(changed ?? 0),
        nRestarts: 0,
      },
    };
  }

  /** What was not durable may be there or not; what was on its way is gone; systemd's jobs go on. */
  crash(): void {
    this.crashes += 1;
    const kept = this.durable + Math.floor(this.#random() * (this.written.length - this.durable + 1));
    this.written = this.written.slice(0, kept);
    this.durable = kept;
    this.pending = [];
    this.state = openState(this.written, { isBusConnected: false });
    for (const job of this.jobs) if (!job.isOver) this.finishLater(job);
    this.step({ type: 'session', isOpen: true });
    this.step({ type: 'bus', isConnected: true });
  }

  /** Runs to rest without further crashes. */
  settle(): void {
    for (let rounds = 0; rounds < 2000; rounds += 1) {
      const next = this.pending.shift();
      if (next) next();
      else if (this.state.running.size === 0 && this.state.ledger.unreportedCount === 0) return;
      else {
        this.nowMs += 2000;
        this.step({ type: 'tick' });
      }
    }
    throw new Error('it does not come to rest');
  }
}

const operationsCount = 12;
const firstEpoch = 5;

function play(seed: number): World {
  const random = randomOf(seed);
  const world = new World(random);
  world.step({ type: 'session', isOpen: true });
  world.step({ type: 'bus', isConnected: true });
  let ticket = 0;
  const asked: Operation[] = [];
  for (let round = 0; round < 300; round += 1) {
    world.nowMs += Math.floor(random() * 50);
    const dice = random();
    if (dice < 0.12 && asked.length < operationsCount) {
      const epoch = firstEpoch + (world.chance(0.1) ? -1 : 0);
      const notAfterClockMs = world.nowMs + Math.floor(random() * 200);
      asked.push(operation({ opId: opId(asked.length + 1), epoch, notAfterClockMs, timeLimitMs: 3000 }));
    }
    const frame = world.pick(asked);
    ticket += 1;
    // Frames come late, and more than once.
    if (dice < 0.3 && frame) world.step({ type: 'apply', ticket, operation: frame });
    else if (dice < 0.36 && frame)
      world.step({ type: 'resolve', ticket, epoch: world.state.highestEpoch, opIds: [frame.opId] });
    else if (dice < 0.4) world.step({ type: 'abandoned', ticket: Math.floor(random() * ticket) });
    else if (dice < 0.43) world.step({ type: 'bus', isConnected: world.chance(0.7) });
    else if (dice < 0.46) world.step({ type: 'tick' });
    else if (dice < 0.475) world.crash();
    else {
      const [next] = world.pending.splice(Math.floor(random() * world.pending.length), 1);
      next?.();
    }
    if (round === 100) world.step({ type: 'epoch', epoch: firstEpoch });
    // A newer manager, with operations of the former one still on their way.
    if (round === 200) world.step({ type: 'epoch', epoch: world.state.highestEpoch + 1 });
  }
  world.step({ type: 'session', isOpen: true });
  world.step({ type: 'bus', isConnected: true });
  world.settle();
  const opIds = asked.map((each) => each.opId);
  world.step({ type: 'resolve', ticket: 1e6, epoch: world.state.highestEpoch, opIds });
  world.settle();
  check(world, asked);
  return world;
}

function check(world: World, asked: readonly Operation[]): void {
  for (const { opId: id, epoch } of asked) {
    const times = world.applied.get(id) ?? 0;
    const told = world.told.get(id);
    const said = `${id} of epoch ${epoch}: applied ${times} times, told ${JSON.stringify(told)}`;
    if (times > 1) throw new Error(`applied twice (I2): ${said}`);
    if (!told || told.status === 'unspecified') throw new Error(`no definite outcome: ${said}`);
    if (told.status === 'refused' && times > 0) throw new Error(`told as not done, and done: ${said}`);
    if (told.status === 'done' && times !== 1) throw new Error(`told as done, and not done: ${said}`);
    if (told.result === 'not-applied' && times > 0)
      throw new Error(`told as not applied, and applied: ${said}`);
  }
}

t.test('crashes at every effect, 3,000 games', async (t) => {
  let crashes = 0;
  let applied = 0;
  const statuses = new Set<string>();
  for (let seed = 1; seed <= 3000; seed += 1) {
    try {
      const world = play(seed);
      crashes += world.crashes;
      applied += world.applied.size;
      for (const { status } of world.told.values()) statuses.add(status);
    } catch (error) {
      t.fail(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
  }
  t.comment(`${crashes} crashes, ${applied} operations applied, told: ${[...statuses].join(', ')}`);
  t.ok(crashes > 10_000 && applied > 3000, 'the games are worth something');
  t.ok(statuses.has('done') && statuses.has('refused') && statuses.has('failed'));
});

t.test('the same seed plays the same game', async (t) => {
  const log = (world: World): string => JSON.stringify([world.written, [...world.told]]);
  t.equal(log(play(42)), log(play(42)));
  t.not(log(play(42)), log(play(43)));
});

t.test('an older epoch is never applied once a newer one is known (I6), over a crash', async (t) => {
  const world = new World(randomOf(1));
  world.step({ type: 'bus', isConnected: true });
  world.step({ type: 'apply', ticket: 1, operation: operation({ epoch: 7, notAfterClockMs: 1e9 }) });
  world.pending.shift()?.();
  world.crash();
  world.step({
    type: 'apply',
    ticket: 2,
    operation: operation({ opId: opId(2), epoch: 6, notAfterClockMs: 1e9 }),
  });
  t.match(world.told.get(opId(2)), { status: 'refused', code: 'HEC_EPOCH' });
});
