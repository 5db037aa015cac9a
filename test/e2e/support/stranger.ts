/** Connections that no honest program would make: every layer by hand, so that each can be broken. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { encodeFrame } from '../../../proto/src/core/codec.ts';
import type { FrameBody } from '../../../proto/src/core/frames.ts';
import { protocolMax, protocolMin } from '../../../proto/src/core/limits.ts';
import { createHello, type PeerKind } from '../../../proto/src/generated/wire.ts';
import type { Address } from '../../nodes/node.ts';

/** A certificate and its key in PEM. */
export interface Papers {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Errors are part of the game: whoever waits looks at `closed`. */
function quiet<Some extends Socket>(socket: Some): Some {
  socket.on('error', () => undefined);
  return socket;
}

/** Resolves when the other side, or we, have ended it. */
export function closed(socket: Socket): Promise<void> {
  if (socket.closed || socket.destroyed) return Promise.resolve();
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

export async function openTcp(to: Address): Promise<Socket> {
  const socket = quiet(connectTcp({ ...to }));
  await once(socket, 'connect');
  return socket;
}

/** @param papers to show; none: a host that wants to join */
export async function openTls(to: Address, papers?: Papers): Promise<TLSSocket> {
  const shown = papers ? { cert: papers.certificatePem, key: papers.privateKeyPem } : {};
  const socket = quiet(connectTls({ ...to, rejectUnauthorized: false, minVersion: 'TLSv1.3', ...shown }));
  await once(socket, 'secureConnect');
  return socket;
}

export const upgradeRequest = (to: Address): string =>
  [
    'GET / HTTP/1.1',
    `Host: ${to.host}:${to.port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: hecate.v1',
    '\r\n',
  ].join('\r\n');

/** A TLS connection on which WebSocket frames may be written. */
export async function openWebSocket(to: Address, papers?: Papers): Promise<TLSSocket> {
  const socket = await openTls(to, papers);
  socket.write(upgradeRequest(to));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) {
    throw new Error(`no upgrade: ${answer.toString('latin1').slice(0, 200)}`);
  }
  return socket;
}

export const opcodes = { continuation: 0, text: 1, binary: 2 } as const;

/** A frame of a WebSocket client (RFC 6455, 5.2); its mask is zero, so that bytes can be read in a capture. */
export function webSocketFrame(opcode: number, payload: Uint8Array, isLast = true): Buffer {
  const first = (isLast ? 0x80 : 0) | opcode;
  const mask = Buffer.alloc(4);
  if (payload.length < 126)
    return Buffer.concat([Buffer.from([first, 0x80 | payload.length]), mask, payload]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, mask, payload]);
}

export const binary = (payload: Uint8Array): Buffer => webSocketFrame(opcodes.binary, payload);

/** Only the header of a frame that says it is this long. */
export function announcedFrame(lengthBytes: number): Buffer {
  const header = Buffer.alloc(14);
  header[0] = 0x80 | opcodes.binary;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(lengthBytes), 2);
  return header;
}

export const helloOf = (peerKind: PeerKind, name: string, highestEpoch = 0): FrameBody => ({
  case: 'hello',
  value: createHello({
    peerKind,
    name,
    bootId: peerKind === 'agent' ? '0123456789abcdef0123456789abcdef' : '',
    softwareVersion: '0.0.0',
    protocolMin,
    protocolMax,
    highestEpoch,
    clockMs: 1,
    wallClockMs: Date.now(),
  }),
});

export const hello = (peerKind: PeerKind, name: string): Uint8Array => encodeFrame(helloOf(peerKind, name));

/** For the manager's Unix socket: a length in four bytes, then the frame. */
export function record(frame: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(frame.length);
  return Buffer.concat([header, frame]);
}

export async function openUnix(path: string): Promise<Socket> {
  const socket = quiet(connectTcp(path));
  await once(socket, 'connect');
  return socket;
}
