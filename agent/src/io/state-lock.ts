/** One agent for each state directory: two journals of one node would each apply what the other has done (I2). */
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { HecateError } from '@hecate/proto/core/errors.ts';

/**
 * Holds the directory until the process ends, however it ends: an abstract Unix socket named after its inode,
 * which the kernel takes back by itself.
 * @throws HEC_LOCKED
 */
export async function lockStateDirectory(directory: string): Promise<{ release(): void }> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isHeld = error.code === 'EADDRINUSE';
      const message = isHeld
        ? `another agent runs with the state directory ${directory}`
        : `the state directory ${directory} cannot be locked: ${error.message}`;
      const remedy = 'systemctl status hecate-agent; stop the other one, or set another StateDirectory=';
      reject(new HecateError(isHeld ? 'HEC_LOCKED' : 'HEC_STATE', message, remedy, error));
    });
    server.listen(`\0hecate-agent:${dev}:${ino}`, resolve);
  });
  server.unref();
  return { release: () => void server.close() };
}
