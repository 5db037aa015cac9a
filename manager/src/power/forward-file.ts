/**
 * `forwards.json`: what is forwarded to another site, and what other sites have forwarded here. There whole or not at
 * all; durable before anything that follows from it leaves (I9).
 */
import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { readFileIfThere, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import type { ReceivedState } from '../core/power/forward/forward-received-state.ts';
import type { ForwardState } from '../core/power/forward/forward-state.ts';
import type { DiskReserve } from '../io/disk-reserve.ts';
import type { KnownRun } from './power-file.ts';

/** Of one UPS of another site. */
export interface ReceivedRecord {
  readonly state: ReceivedState;
  /** The run of its trigger; undefined: none has been accepted yet. */
  readonly run: KnownRun | undefined;
  /** Its shutdown is being taken back, and what it took down is not up again: why. */
  readonly takenBack?: string | undefined;
}

interface ForwardFileText {
  readonly version: 1;
  readonly instance: string;
  readonly sent: Readonly<Record<string, ForwardState>>;
  readonly received: readonly ReceivedRecord[];
}

const keyOf = (peer: string, ups: string): string => `${peer} ${ups}`;

export class ForwardFile {
  /** Random, of this file: a receiver tells sequences of a file that was lost from those of the next one by it. */
  readonly instance: string;
  readonly #sent: Map<string, ForwardState>;
  readonly #received: Map<string, ReceivedRecord>;
  readonly #writeText: (text: string) => Promise<void>;
  #loss: string | undefined;
  #tail: Promise<void> = Promise.resolve();

  private constructor(
    { instance, sent, received }: ForwardFileText,
    writeText: (text: string) => Promise<void>,
  ) {
    this.instance = instance;
    this.#writeText = writeText;
    this.#sent = new Map(Object.entries(sent));
    this.#received = new Map(received.map((record) => [keyOf(record.state.peer, record.state.ups), record]));
  }

  /**
   * A damaged file keeps no manager down, least of all in a power cut: it is set aside. What was forwarded is asked for
   * anew, here by the decision and there by the other site (I10).
   * @throws HEC_STATE when it cannot be read
   */
  static async open(path: string, reserve: DiskReserve): Promise<ForwardFile> {
    const text = await readFileIfThere(path);
    const write = (content: string) => reserve.lendTo(() => writeFileAtomically(path, content));
    const { file, isDamaged } = ForwardFile.of(text, write, randomUUID());
    if (!isDamaged) return file;
    const damagedPath = `${path}.damaged`;
    file.#loss = `${path} was damaged: what was forwarded is asked for anew; see here and at the other site whether a shutdown goes on (hecatectl runs list); the damaged file is kept as ${damagedPath}`;
    // Where that fails, it stays where it is until something is forwarded; it is told all the same.
    await rename(path, damagedPath).catch(() => undefined);
    return file;
  }

  /**
   * @param text undefined: there is none yet
   * @param writeText durable when it resolves
   * @param newInstance of what is begun anew where there is none, or a damaged one
   */
  static of(
    text: string | undefined,
    writeText: (text: string) => Promise<void>,
    newInstance: string,
  ): { readonly file: ForwardFile; readonly isDamaged: boolean } {
    const read = text === undefined ? undefined : parse(text);
    const empty: ForwardFileText = { version: 1, instance: newInstance, sent: {}, received: [] };
    const file = new ForwardFile(read ?? empty, writeText);
    return { file, isDamaged: text !== undefined && read === undefined };
  }

  /** What was lost at the start, a sentence; undefined: nothing was. */
  get loss(): string | undefined {
    return this.#loss;
  }

  sent(ups: string): ForwardState | undefined {
    return this.#sent.get(ups);
  }

  received(): ReceivedRecord[] {
    return [...this.#received.values()];
  }

  /** Durable when it resolves. @throws HEC_STATE */
  putSent(state: ForwardState): Promise<void> {
    this.#sent.set(state.ups, state);
    return this.#write();
  }

  /** Durable when it resolves. @throws HEC_STATE */
  putReceived(record: ReceivedRecord): Promise<void> {
    this.#received.set(keyOf(record.state.peer, record.state.ups), record);
    return this.#write();
  }

  /** One after the other: the older of two texts must not come last (I9). */
  #write(): Promise<void> {
    const written = this.#tail.then(() => {
      const { instance } = this;
      const [sent, received] = [Object.fromEntries(this.#sent), this.received()];
      const file: ForwardFileText = { version: 1, instance, sent, received };
      return this.#writeText(`${JSON.stringify(file, null, 1)}\n`);
    });
    this.#tail = written.catch(() => undefined);
    return written;
  }
}

/** Undefined: it is damaged. */
function parse(text: string): ForwardFileText | undefined {
  try {
    const file = JSON.parse(text) as ForwardFileText;
    const isFile =
      file.version === 1 &&
      typeof file.instance === 'string' &&
      Object.entries(file.sent).every(([ups, state]) => isState(state) && state.ups === ups) &&
      file.received.every(({ state }) => isState(state) && typeof state.peer === 'string');
    return isFile ? file : undefined;
  } catch {
    return undefined;
  }
}

const isState = (state: { version: unknown; ups: unknown; bootId: unknown }): boolean =>
  state.version === 1 && typeof state.ups === 'string' && typeof state.bootId === 'string';
