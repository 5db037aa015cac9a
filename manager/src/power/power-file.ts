/**
 * `power.json`: what is decided of each UPS, which run its trigger has led to, and what it alerts of. There whole or
 * not at all; durable before anything that follows from it leaves (I9).
 */
import { link, rm } from 'node:fs/promises';
import { readFileIfThere, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import type { DiskReserve } from '../io/disk-reserve.ts';
import {
  type PowerRecord,
  powerRecordsText,
  type ReadPowerRecords,
  readPowerRecords,
} from './power-records.ts';

export type { KnownAlert, KnownRun, PowerRecord } from './power-records.ts';

export class PowerFile {
  readonly #path: string;
  readonly #reserve: DiskReserve;
  readonly #records: Map<string, PowerRecord>;
  /** Where what was damaged at the start is kept; undefined: nothing was. */
  readonly #damagedPath: string | undefined;
  #tail: Promise<void> = Promise.resolve();

  private constructor(path: string, reserve: DiskReserve, read: ReadPowerRecords) {
    this.#path = path;
    this.#reserve = reserve;
    this.#records = read.records;
    this.#damagedPath = read.isWhole ? undefined : damagedPathOf(path);
  }

  /**
   * A damaged file keeps no manager down, least of all in a power cut: it is set aside, and of each UPS whose record is
   * whole, what was decided counts.
   * @throws HEC_STATE when it cannot be read
   */
  static async open(path: string, reserve: DiskReserve): Promise<PowerFile> {
    const text = await readFileIfThere(path);
    const file = new PowerFile(path, reserve, readPowerRecords(text));
    if (file.#damagedPath !== undefined) await file.#setAside(file.#damagedPath);
    return file;
  }

  /** What was kept of this UPS is lost: a sentence; undefined: it is not. */
  lossOf(ups: string): string | undefined {
    if (this.#damagedPath === undefined || this.#records.has(ups)) return undefined;
    return `${this.#path} was damaged, and what was decided of ${ups} is lost: it is looked at anew; see whether a shutdown goes on (hecatectl runs list); the damaged file is kept as ${this.#damagedPath}`;
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
    const text = powerRecordsText(this.#records);
    await this.#reserve.lendTo(() => writeFileAtomically(this.#path, text));
  }

  /** A second name takes no room. Where that fails, the damaged file stays where it is until something is decided. */
  async #setAside(damagedPath: string): Promise<void> {
    try {
      await rm(damagedPath, { force: true });
      await link(this.#path, damagedPath);
      await this.#write();
    } catch {
      // Told as what it is all the same; what could be kept is known.
    }
  }

  /** What is kept of other UPSes than these goes with the next `put`. */
  forgetOthers(names: readonly string[]): void {
    for (const name of this.#records.keys()) if (!names.includes(name)) this.#records.delete(name);
  }
}

const damagedPathOf = (path: string): string => `${path}.damaged`;
