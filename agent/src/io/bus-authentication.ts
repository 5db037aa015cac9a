/** The line-based prologue of a D-Bus connection: EXTERNAL, which is who the socket says we are. */
import type { Socket } from 'node:net';

/** dbus-daemon's lines are under 100 bytes. */
const lineBytesMax = 1024;

/**
 * Authenticates, and resolves with the bytes that came after the server's last line.
 * @throws Error when the server refuses, speaks something else, or the connection ends.
 */
export function authenticate(socket: Socket): Promise<void> {
  const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  return new Promise((resolve, reject) => {
    let received = '';
    const finish = (error?: Error): void => {
      socket.off('data', onData).off('error', finish).off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = (): void => finish(new Error('the bus closed the connection while authenticating'));
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n');
      if (end < 0 && received.length <= lineBytesMax) return;
      // The server says nothing more before BEGIN, so the line must be all there is.
      if (end < 0 || !received.startsWith('OK ') || end + 2 !== received.length) {
        finish(
          new Error(`the bus refused EXTERNAL authentication: ${JSON.stringify(received.slice(0, 100))}`),
        );
        return;
      }
      socket.pause();
      socket.write('BEGIN\r\n');
      finish();
    };
    socket.on('data', onData).on('error', finish).on('close', onClose);
    socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
  });
}
