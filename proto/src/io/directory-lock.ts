/**
 * One process holds a state directory: a kernel lock (flock(2)) on the file `lock` inside. It is there as long as
 * the process is, also while that is stopped, and gone with it however it ends; nothing is ever stale. Node has no
 * call for it: the flock command locks our open file, and the lock stays with the file when the command has ended.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HecateError } from '../core/errors.ts';

export interface DirectoryLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** For messages: who would hold it, and how it is ended. */
export interface LockHolder {
  /** Such as `manager`. */
  readonly program: string;
  readonly remedy: string;
}

/** What flock ends with when somebody else has the lock; our choice, told by -E. */
const conflictStatus = 75;

function runFlock(file: FileHandle): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn('flock', ['--exclusive', '--nonblock', '-E', String(conflictStatus), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file.fd],
    });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? `ended by ${signal}`));
  });
}

/** `T` for a process that is stopped; empty when there is none, or we may not look. */
async function processState(pid: string): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return /\) ([A-Za-z]) /.exec(stat)?.[1] ?? '';
}

async function lockedError(directory: string, path: string, who: LockHolder): Promise<HecateError> {
  const pid = /^[0-9]+/.exec(await readFile(path, 'latin1').catch(() => ''))?.[0];
  const holder = pid === undefined ? 'another process' : `the ${who.program} with pid ${pid}`;
  const isStopped = pid !== undefined && (await processState(pid)) === 'T';
  return new HecateError(
    'HEC_LOCKED',
    `${directory}: ${holder} holds this state directory${isStopped ? ', and is stopped (SIGSTOP)' : ''}`,
    isStopped ? `let it go on (kill -CONT ${pid}) or end it (kill -KILL ${pid})` : who.remedy,
  );
}

/** @throws HEC_LOCKED naming the pid that holds it; HEC_STATE when nobody can lock it */
export async function lockDirectory(directory: string, who: LockHolder): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  // Root locks directories of other users, too: a link that one of them put there must not lead it elsewhere.
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const status = await runFlock(file);
    if (status === conflictStatus) throw await lockedError(directory, path, who);
    if (status !== 0) {
      throw new HecateError(
        'HEC_STATE',
        `${path}: cannot be locked: flock: ${typeof status === 'number' ? `exit status ${status}` : status}`,
        'the flock command of util-linux must be there, and the file system must know locks',
      );
    }
    await file.truncate(0);
    // For messages only: a disk that is full keeps nobody from holding the lock.
    await file.write(`${process.pid}\n`, 0).catch(() => undefined);
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
  let isReleased = false;
  return {
    release: async () => {
      if (isReleased) return;
      isReleased = true;
      await file.truncate(0).catch(() => undefined);
      await file.close();
    },
  };
}
