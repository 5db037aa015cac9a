/** The line-based prologue of a D-Bus connection: EXTERNAL, which is who the socket says we are. */
import type { Socket } from 'node:net';

/** dbus-daemon's lines are under 100 bytes. */
const answerBytesMax = 1024;

/**
 * Without a user id of our own making: the kernel tells the bus, in the bus's own user namespace (sd-bus does
 * the same). The bus asks for data with one line, and says OK to none with a second.
 */
const opening = '\0AUTH EXTERNAL\r\nDATA\r\n';
const accepted = /^DATA\r\nOK [^\r\n]*\r\n$/;

/**
 * Authenticates; the socket is paused afterwards, ready for messages.
 * @throws Error when the server refuses, speaks something else, or the connection ends.
 */
export function authenticate(socket: Socket): Promise<void> {
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
      if (accepted.test(received)) {
        socket.pause();
        socket.write('BEGIN\r\n');
        finish();
        return;
      }
      const lines = received.split('\r\n').length - 1;
      if (lines < 2 && !/^(REJECTED|ERROR)/.test(received) && received.length <= answerBytesMax) return;
      finish(new Error(`the bus refused EXTERNAL authentication: ${JSON.stringify(received.slice(0, 100))}`));
    };
    socket.on('data', onData).on('error', finish).on('close', onClose);
    socket.write(opening);
  });
}
