/** Frames to bytes and back, within limits. Decoding says nothing about meaning: validate.ts does. */
import protobuf from 'protobufjs/minimal.js';
import { decodeFrame as decode, encodeFrame as encode } from '../generated/wire.ts';
import { HecateError } from './errors.ts';
import type { FrameBody } from './frames.ts';
import { limits } from './limits.ts';

/**
 * @throws HEC_INTERNAL when the frame would be too large: a programmer's error, because senders batch by
 *   `limits.batchBytesMax`.
 */
export function encodeFrame(body: FrameBody): Uint8Array {
  const bytes = encode({ body }, protobuf.Writer.create()).finish();
  if (bytes.length > limits.frameBytesMax) {
    throw new HecateError(
      'HEC_INTERNAL',
      `a ${body.case} frame of ${bytes.length} bytes is over ${limits.frameBytesMax}`,
    );
  }
  return bytes;
}

/** @throws HEC_PROTOCOL */
export function decodeFrame(bytes: Uint8Array, bytesMax: number = limits.frameBytesMax): FrameBody {
  if (bytes.length > bytesMax) {
    throw new HecateError('HEC_PROTOCOL', `a frame of ${bytes.length} bytes, allowed are ${bytesMax}`);
  }
  const body = readFrame(bytes);
  if (body.case === undefined)
    throw new HecateError('HEC_PROTOCOL', 'a frame without a body that this version knows');
  return body;
}

function readFrame(bytes: Uint8Array): ReturnType<typeof decode>['body'] {
  try {
    return decode(protobuf.Reader.create(bytes), bytes.length, 0).body;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError('HEC_PROTOCOL', `a frame that does not decode: ${why}`, '', error);
  }
}
