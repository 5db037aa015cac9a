/**
 * `forwards.json`: what is forwarded to another site, and what other sites have forwarded here. There whole or not at
 * all; durable before anything that follows from it leaves (I9).
 */
import { randomUUID } from 'node:crypto';
import { readFileIfThere, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { damagedFile } from '@hecate/proto/io/file-errors.ts';
import type { ReceivedState } from '../core/power/forward-received-state.ts';
import type { ForwardState } from '../core/power/forward-state.ts';
import type { DiskReserve } from '../io/disk-reserve.ts';
import type { KnownRun } from './power-file.ts';

/** Of one UPS of another site. */
export interface ReceivedRecord {
  readonly state: ReceivedState;
  /** The run of its trigger; undefined: none has been accepted yet. */
  readonly run: KnownRun | undefined;
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
  readonly #path: string;
  readonly #reserve: DiskReserve;
  readonly #sent: Map<string, ForwardState>;
  readonly #received: Map<string, ReceivedRecord>;
  #tail: Promise<void> = Promise.resolve();

  private constructor(path: string, reserve: DiskReserve, { instance, sent, received }: ForwardFileText) {
    this.instance = instance;
    this.#path = path;
    this.#reserve = reserve;
    this.#sent = new Map(Object.entries(sent));
    this.#received = new Map(received.map((record) => [keyOf(record.state.peer, record.state.ups), record]));
  }

  /** @throws HEC_STATE when it cannot be read, or is damaged */
  static async open(path: string, reserve: DiskReserve): Promise<ForwardFile> {
    const text = await readFileIfThere(path);
    const empty: ForwardFileText = { version: 1, instance: randomUUID(), sent: {}, received: [] };
    return new ForwardFile(path, reserve, text === undefined ? empty : parse(path, text));
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
      const text = `${JSON.stringify(file, null, 1)}\n`;
      return this.#reserve.lendTo(() => writeFileAtomically(this.#path, text));
    });
    this.#tail = written.catch(() => undefined);
    return written;
  }
}

function parse(path: string, text: string): ForwardFileText {
  try {
    const file = JSON.parse(text) as ForwardFileText;
    const isFile =
      file.version === 1 &&
      typeof file.instance === 'string' &&
      Object.entries(file.sent).every(([ups, state]) => isState(state) && state.ups === ups) &&
      file.received.every(({ state }) => isState(state) && typeof state.peer === 'string');
    if (!isFile) throw new TypeError('not of forwards');
    return file;
  } catch (cause) {
    const expected = 'what is forwarded, and what was';
    const remedy =
      'see with `hecatectl runs list`, here and at the other site, whether a shutdown is going on; then remove the file';
    throw damagedFile(path, { text, expected, remedy, cause });
  }
}

const isState = (state: { version: unknown; ups: unknown; bootId: unknown }): boolean =>
  state.version === 1 && typeof state.ups === 'string' && typeof state.bootId === 'string';
