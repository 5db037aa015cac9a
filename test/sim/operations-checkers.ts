/** What must hold in every run, whatever happens: each checker throws when it does not. */
import type { OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { OperationRequest } from '../../manager/src/core/operations.ts';
import type { ManagerWitness } from './operations-manager.ts';
import type { SimulatedSystemd } from './operations-systemd.ts';
import type { VirtualTime } from './operations-time.ts';

/** From the agent's look at its clock to systemd. */
const beginSlackMs = 4;

interface Asked {
  readonly request: OperationRequest;
  readonly incarnation: number;
  readonly submittedAtMs: number;
  readonly systemd: SimulatedSystemd;
  answer: OperationOutcome | undefined;
  /** Every last word; more than one only when a crash came before it was durable. */
  readonly settled: OperationOutcome[];
}

export class Checkers implements ManagerWitness {
  readonly asked = new Map<OpId, Asked>();
  readonly lines: string[] = [];
  readonly answersByStatus: Record<string, number> = {};
  readonly #time: VirtualTime;
  readonly #systemdOf: (node: string) => SimulatedSystemd;

  constructor(time: VirtualTime, systemdOf: (node: string) => SimulatedSystemd) {
    this.#time = time;
    this.#systemdOf = systemdOf;
  }

  log(text: string): void {
    this.lines.push(`${this.#time.nowMs.toFixed(3)} ${text}`);
  }

  fail(text: string): never {
    this.log(`VIOLATED ${text}`);
    throw new Error(text);
  }

  onSubmitted(request: OperationRequest, incarnation: number): void {
    const { opId, node, timeLimitMs } = request;
    this.log(`${opId} asked of ${node}, within ${Math.round(timeLimitMs)} ms`);
    const systemd = this.#systemdOf(node);
    const submittedAtMs = this.#time.nowMs;
    this.asked.set(opId, { request, incarnation, submittedAtMs, systemd, answer: undefined, settled: [] });
  }

  /** I9 */
  onSent({ opId }: OperationRequest, isDurable: boolean): void {
    this.log(`${opId} sent`);
    if (!isDurable) this.fail(`I9: ${opId} was sent before it was recorded`);
  }

  /** I2, and: what was told as not done is never done later. */
  onApplied(opId: string, systemd: SimulatedSystemd): void {
    this.log(`${opId} applied`);
    if (systemd.applied.filter((job) => job.opId === opId).length > 1)
      this.fail(`I2: ${opId} was applied twice`);
    const told = this.asked.get(opId as OpId);
    const deadlineMs = told ? told.submittedAtMs + told.request.timeLimitMs : 0;
    if (this.#time.nowMs > deadlineMs + beginSlackMs) this.fail(`${opId} was applied after its time limit`);
    for (const outcome of [told?.answer, ...(told?.settled ?? [])]) {
      if (outcome && isNotDone(outcome))
        this.fail(`${opId} was told as ${outcome.status} ${outcome.result} and applied afterwards`);
    }
  }

  onAnswered(opId: OpId, outcome: OperationOutcome, incarnation: number): void {
    const asked = this.asked.get(opId);
    this.log(`${opId} answered ${outcome.status} ${outcome.code}`);
    if (!asked) throw this.fail(`${opId} was answered and never asked`);
    if (asked.answer) this.fail(`${opId} was answered twice: ${asked.answer.status}, ${outcome.status}`);
    if (incarnation !== asked.incarnation) this.fail(`${opId} was answered by another manager's run`);
    const lateMs = this.#time.nowMs - asked.submittedAtMs - asked.request.timeLimitMs;
    if (lateMs > 0) this.fail(`${opId} was answered ${lateMs} ms after its time limit`);
    this.#compare(asked, outcome);
    asked.answer = outcome;
    this.answersByStatus[outcome.status] = (this.answersByStatus[outcome.status] ?? 0) + 1;
  }

  onSettled(opId: OpId, outcome: OperationOutcome): void {
    const asked = this.asked.get(opId);
    this.log(`${opId} settled ${outcome.status} ${outcome.result} ${outcome.code}`);
    if (!asked) throw this.fail(`${opId} was settled and never asked`);
    this.#compare(asked, outcome);
    const before = asked.settled.at(-1);
    // What was never sent is "offline" before a crash, and after it "refused", by the agent that never saw it.
    const isSame = before?.status === outcome.status || (before && isNotDone(before) && isNotDone(outcome));
    if (before && !isSame) this.fail(`${opId} has two last words: ${before.status}, then ${outcome.status}`);
    asked.settled.push(outcome);
  }

  /** Nothing is said of an operation that the host's systemd knows otherwise. */
  #compare({ request: { opId }, systemd }: Asked, outcome: OperationOutcome): void {
    const truth = systemd.byOpId.get(opId);
    const is = `${outcome.status} ${outcome.result}`;
    if (outcome.status === 'done' && truth?.result !== 'done')
      this.fail(`${opId} is said to be done; systemd: ${truth?.result}`);
    if (outcome.status === 'failed' && outcome.result !== 'not-applied' && truth?.result !== 'failed')
      this.fail(`${opId} is said to have failed; systemd: ${truth?.result}`);
    if (isNotDone(outcome) && truth) this.fail(`${opId} is said to be ${is}, and was applied`);
  }

  /** After the last fault, with every node back and time for everything to end. */
  atTheEnd(): void {
    for (const asked of this.asked.values()) {
      const { opId } = asked.request;
      const last = asked.settled.at(-1);
      // A manager that was killed before it could record takes its caller with it: then nothing was sent either.
      const truth = asked.systemd.byOpId.get(opId);
      if (!last && truth) this.fail(`${opId} was applied, and its outcome is known to nobody`);
      if (last && (last.status === 'unknown' || last.status === 'timeout'))
        this.fail(`${opId} has ${last.status} for its last word`);
      if (last && truth && last.status !== truth.result)
        this.fail(`${opId} is settled as ${last.status}; systemd: ${truth.result}`);
    }
  }

  /** Every caller whose manager lived as long as its time limit has its answer. */
  atAnswersDue(crashes: readonly { readonly incarnation: number; readonly atMs: number }[]): void {
    for (const { request, incarnation, submittedAtMs, answer } of this.asked.values()) {
      const crash = crashes.find((each) => each.incarnation === incarnation);
      const dueMs = submittedAtMs + request.timeLimitMs;
      if (answer || (crash && crash.atMs <= dueMs) || dueMs > this.#time.nowMs) continue;
      this.fail(`${request.opId} was never answered`);
    }
  }
}

const isNotDone = ({ status, result }: OperationOutcome): boolean =>
  status === 'refused' || status === 'offline' || (status === 'failed' && result === 'not-applied');
