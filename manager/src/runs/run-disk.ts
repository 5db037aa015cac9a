/**
 * What the machine of runs has on its disk: the journal, and `intent.json`. What the disk refuses, and what counts all
 * the same, is owed: it is tried again with the next change, and by itself. An intent that outlived its shutdown would
 * keep a startup from beginning after a restart of the manager.
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { Intent } from '../core/runs/run.ts';
import type { RunsEffect } from '../core/runs/runs-state.ts';
import { removeIntent, writeIntent } from '../io/intent-file.ts';
import type { RunJournal } from './run-journal.ts';

export interface RunDiskPorts {
  readonly clock: Pick<Clock, 'bootTimeMs'>;
  readonly journal: RunJournal;
  readonly intentPath: string;
  /** The disk refuses, and what is going on all the same; undefined: it works again. */
  onTrouble(trouble: HecateError | undefined): void;
  /** How long until what is owed is tried again; 30 s unless said. */
  readonly diskRetryMs?: number | undefined;
}

type Change = Pick<Extract<RunsEffect, { type: 'commit' }>, 'records' | 'intent' | 'onFailure'>;

const diskRetryMsDefault = 30_000;

export class RunDisk {
  readonly #ports: RunDiskPorts;
  /** null: there is to be none; undefined: it is as it is to be. */
  #owedIntent: Intent | null | undefined;
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(ports: RunDiskPorts) {
    this.#ports = ports;
  }

  /** When what is owed is tried again, in CLOCK_BOOTTIME; never, when nothing is (I14). */
  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /** Until it is not, the records of its run are what tells the next start that the shutdown is over. */
  get isIntentOwed(): boolean {
    return this.#owedIntent !== undefined;
  }

  /** @returns what the disk refused of this change; `onTrouble` hears of what is owed from before, too */
  async write({ records, intent, onFailure }: Change): Promise<HecateError | undefined> {
    const { journal, clock, onTrouble, diskRetryMs = diskRetryMsDefault } = this.#ports;
    const isKept = onFailure === 'proceed';
    let trouble: HecateError | undefined;
    const noting = (error: unknown): void => {
      trouble ??= asHecateError(error, 'HEC_STATE');
    };
    await journal.commit(records, isKept).catch(noting);
    // A request whose record was refused is refused whole.
    if (intent !== undefined && (!trouble || isKept)) await this.#put(intent, isKept).catch(noting);
    const refused = trouble;
    // That of an earlier change: this one does not hang on it.
    const owed = this.#owedIntent;
    if (intent === undefined && owed !== undefined) await this.#put(owed, true).catch(noting);
    onTrouble(trouble);
    const isOwing = this.isIntentOwed || !journal.isWritten();
    this.#retryAtMs = isOwing ? clock.bootTimeMs() + diskRetryMs : Number.POSITIVE_INFINITY;
    return refused;
  }

  async retryWhenDue(): Promise<void> {
    if (this.#ports.clock.bootTimeMs() >= this.#retryAtMs)
      await this.write({ records: [], intent: undefined, onFailure: 'proceed' });
  }

  async #put(intent: Intent | null, isKept: boolean): Promise<void> {
    const { intentPath } = this.#ports;
    const before = this.#owedIntent;
    this.#owedIntent = intent;
    try {
      await (intent === null ? removeIntent(intentPath) : writeIntent(intentPath, intent));
      this.#owedIntent = undefined;
    } catch (error) {
      if (!isKept) this.#owedIntent = before;
      throw error;
    }
  }
}
