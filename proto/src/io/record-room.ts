/**
 * Room made ahead in a file that grows by small records: zeros, on the disk before they are needed. An fdatasync then
 * writes the record alone; where a record makes the file longer, it writes the file's length too, and on a file system
 * with a journal waits for that (ext4: two flushes of the disk instead of one).
 */

/** What a file system allocates by. */
const blockBytes = 4096;

/** Of the journals of operations: an operation writes some 600 bytes into each, so room is made once in 50 of them. */
export const operationRoomBytes = 64 * 1024;

export interface Room {
  /** From where zeros are written, and up to where: whole blocks. */
  readonly start: number;
  readonly end: number;
}

/** How much room a file has, and when it wants more. All in bytes. */
export class RoomAhead {
  /** Of the file, with its room. */
  fileBytes: number;
  readonly #wantedBytes: number;
  #nextAtBytes = 0;

  /** @param wantedBytes 0: no room is made */
  constructor(wantedBytes: number, fileBytes: number) {
    this.#wantedBytes = wantedBytes;
    this.fileBytes = fileBytes;
  }

  /** Whether zeros at the end are room. */
  get isWanted(): boolean {
    return this.#wantedBytes > 0;
  }

  /** Whether zeros that were found are no more than what is made ahead (I14). */
  isBounded(recordBytes: number): boolean {
    return this.fileBytes - recordBytes <= this.#wantedBytes + blockBytes;
  }

  /** Records take what was room, or make the file longer. */
  wrote(recordBytes: number): void {
    this.fileBytes = Math.max(this.fileBytes, recordBytes);
  }

  /** What is to be made when half of it is used up; undefined: enough is there. */
  missing(recordBytes: number): Room | undefined {
    if (!this.isWanted || recordBytes < this.#nextAtBytes) return undefined;
    if (this.fileBytes - recordBytes >= this.#wantedBytes / 2) return undefined;
    const end = Math.ceil((recordBytes + this.#wantedBytes) / blockBytes) * blockBytes;
    return { start: this.fileBytes, end };
  }

  /** The disk has none: records grow the file as far as they can, and it is tried again when some have been written. */
  refused(recordBytes: number): void {
    this.#nextAtBytes = recordBytes + this.#wantedBytes;
  }
}
