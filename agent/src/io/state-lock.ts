/** One agent for each state directory: two journals of one node would each apply what the other has done (I2). */
import { type DirectoryLock, type LockHolder, lockDirectory } from '@hecate/proto/io/directory-lock.ts';

const holder: LockHolder = {
  program: 'agent',
  remedy: 'end that agent first (systemctl stop hecate-agent), or give this one a StateDirectory= of its own',
};

/**
 * Holds the directory until the process ends, however it ends.
 * @throws HEC_LOCKED naming the pid that holds it; HEC_STATE when nobody can lock it
 */
export const lockStateDirectory = (directory: string): Promise<DirectoryLock> =>
  lockDirectory(directory, holder);
