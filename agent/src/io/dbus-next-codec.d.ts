/** The parts of dbus-next that are used, with the types they really have: it ships none for its inner files. */
declare module 'dbus-next/lib/message.js' {
  interface WireMessage {
    type: number;
    flags: number;
    serial: number;
    path?: string;
    interface?: string;
    member?: string;
    errorName?: string;
    replySerial?: number;
    destination?: string;
    signature?: string;
    body?: readonly unknown[];
  }
  const message: {
    /** The frame, and the file descriptors to go with it. @throws Error when the body does not fit. */
    marshall(message: WireMessage): [frame: Buffer, descriptors: unknown[]];
  };
  export default message;
}

declare module 'dbus-next/lib/dbus-buffer.js' {
  import type { TypeTree } from 'dbus-next/lib/signature.js';

  export default class DBusBuffer {
    constructor(
      buffer: Buffer,
      startPos: number,
      endian: number,
      descriptors: undefined,
      options: { ayBuffer: boolean },
    );
    buffer: Buffer;
    endian: number;
    pos: number;
    startPos: number;
    align(power: number): void;
    readInt8(): number;
    readInt32(): number;
    readString(length: number): string;
    readTree(tree: TypeTree): unknown;
    readStruct(trees: TypeTree[]): unknown[];
    readVariant(): unknown;
    readArray(element: TypeTree, size: number): unknown;
    readSimpleType(type: string): unknown;
  }
}

declare module 'dbus-next/lib/signature.js' {
  export interface TypeTree {
    type: string;
    child: TypeTree[];
  }
  const signatures: {
    parseSignature(signature: string): TypeTree[];
    collapseSignature(tree: TypeTree): string;
  };
  export default signatures;
}
