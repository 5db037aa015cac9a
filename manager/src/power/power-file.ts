/**
 * `power.json`: what is decided of each UPS, which run its trigger has led to, and what it alerts of. There whole or
 * not at all; durable before anything that follows from it leaves (I9).
 */
import { readFileIfThere, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { damagedFile } from '@hecate/proto/io/file-errors.ts';
import type { AlertLevel, UpsState } from '../core/power/ups-state.ts';
import type { RunId } from '../core/runs/run.ts';
import type { DiskReserve } from '../io/disk-reserve.ts';

export interface KnownAlert {
  readonly level: AlertLevel;
  readonly sentence: string;
}

export interface KnownRun {
  readonly triggerId: string;
  readonly runId: RunId;
}

/** Of one UPS. */
export interface PowerRecord {
  readonly state: UpsState;
  /** The run of its trigger; undefined: none has been accepted yet. */
  readonly run: KnownRun | undefined;
  /** Its shutdown is being taken back, and what it took down is not up again: why. */
  readonly takenBack: string | undefined;
  /** By key. */
  readonly alerts: Readonly<Record<string, KnownAlert>>;
}

interface PowerFileText {
  readonly version: 1;
  readonly upses: Readonly<Record<string, PowerRecord>>;
}

export class PowerFile {
  readonly #path: string;
  readonly #reserve: DiskReserve;
  readonly #records: Map<string, PowerRecord>;
  #tail: Promise<void> = Promise.resolve();

  private constructor(path: string, reserve: DiskReserve, records: Map<string, PowerRecord>) {
    this.#path = path;
    this.#reserve = reserve;
    this.#records = records;
  }

  /** @throws HEC_STATE when it cannot be read, or is damaged */
  static async open(path: string, reserve: DiskReserve): Promise<PowerFile> {
    const text = await readFileIfThere(path);
    return new PowerFile(path, reserve, text === undefined ? new Map() : parse(path, text));
  }

  get(ups: string): PowerRecord | undefined {
    return this.#records.get(ups);
  }

  /** Durable when it resolves; what it is of another UPS stays. @throws HEC_STATE */
  put(ups: string, record: PowerRecord): Promise<void> {
    this.#records.set(ups, record);
    // One after the other: UPSes write at the same time, and the older of two texts must not come last (I9).
    const written = this.#tail.then(() => this.#write());
    this.#tail = written.catch(() => undefined);
    return written;
  }

  async #write(): Promise<void> {
    const file: PowerFileText = { version: 1, upses: Object.fromEntries(this.#records) };
    const text = `${JSON.stringify(file, null, 1)}\n`;
    await this.#reserve.lendTo(() => writeFileAtomically(this.#path, text));
  }

  /** What is kept of other UPSes than these goes with the next `put`. */
  forgetOthers(names: readonly string[]): void {
    for (const name of this.#records.keys()) if (!names.includes(name)) this.#records.delete(name);
  }
}

function parse(path: string, text: string): Map<string, PowerRecord> {
  try {
    const { version, upses } = JSON.parse(text) as Partial<PowerFileText>;
    if (version !== 1 || typeof upses !== 'object' || upses === null) throw new TypeError('not of UPSes');
    return new Map(Object.entries(upses).map(([name, record]) => [name, checked(name, record)]));
  } catch (cause) {
    const expected = 'what is decided of each UPS';
    const remedy =
      'see with `hecatectl runs list` whether a shutdown is going on; then remove the file: UPSes are looked at anew';
    throw damagedFile(path, { text, expected, remedy, cause });
  }
}

function checked(name: string, record: PowerRecord): PowerRecord {
  const { state } = record;
  const isState =
    state.version === 1 &&
    state.ups === name &&
    typeof state.phase === 'string' &&
    typeof state.bootId === 'string' &&
    Number.isSafeInteger(state.outages) &&
    Number.isFinite(state.budgetMs);
  if (!isState) throw new TypeError(`not the state of ${name}`);
  return { state, run: record.run, takenBack: record.takenBack, alerts: record.alerts ?? {} };
}
