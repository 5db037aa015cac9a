/** Who asks a simulated manager for something, and its answers: given when what they promise is shown to everybody. */
import type { RunsEffect } from '../../manager/src/core/runs/runs-state.ts';

export type ManagerAnswer = Extract<RunsEffect, { type: 'refuse' | 'answer-request' | 'answer-abort' }>;

export class ManagerTickets {
  readonly #open = new Map<number, (answer: ManagerAnswer) => void>();
  readonly #answers: (() => void)[] = [];
  #last = 0;

  open(onAnswer: (answer: ManagerAnswer) => void): number {
    this.#last += 1;
    this.#open.set(this.#last, onAnswer);
    return this.#last;
  }

  answered(answer: ManagerAnswer): void {
    const onAnswer = this.#open.get(answer.ticket);
    this.#open.delete(answer.ticket);
    if (onAnswer) this.#answers.push(() => onAnswer(answer));
  }

  show(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }

  /** Nobody is left to answer. */
  clear(): void {
    this.#open.clear();
    this.#answers.length = 0;
  }
}
