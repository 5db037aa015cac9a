/**
 * The schema as protobufjs' own reflection reads it: a second opinion on the generated code, and the source of
 * values for every message.
 */
import { fileURLToPath } from 'node:url';
import * as wire from '@hecate/proto/generated/wire.ts';
import protobuf from 'protobufjs';

const root = protobuf.loadSync(fileURLToPath(new URL('../../hecate.proto', import.meta.url)));
root.resolveAll();
const namespace = root.lookup('hecate.v1') as protobuf.Namespace;

export type Message = Record<string, unknown>;

/** Every message of the schema. */
export const messageTypes: readonly protobuf.Type[] = namespace.nestedArray.filter(
  (item) => item instanceof protobuf.Type,
);

export const messageType = (name: string): protobuf.Type => root.lookupType(`hecate.v1.${name}`);

/** The fields that stand alone, and the oneofs. */
export const plainFields = (type: protobuf.Type): protobuf.Field[] =>
  type.fieldsArray.filter((field) => field.partOf === null);

/** The literals of an enum, 'unspecified' first. */
export function enumLiterals(enumeration: protobuf.Enum): readonly string[] {
  return (wire as unknown as Record<string, readonly string[]>)[`${enumeration.name}Values`] ?? [];
}

type Encode = (message: unknown, writer: protobuf.Writer) => protobuf.Writer;
type Decode = (reader: protobuf.Reader, length: number, depth: number) => Message;
const generated = wire as unknown as Record<string, unknown>;

/** The generated code, by the message's name. */
export function encodeMessage(name: string, message: Message): Uint8Array {
  const encode = generated[`encode${name}`] as Encode;
  return Uint8Array.from(encode(message, protobuf.Writer.create()).finish());
}

export function decodeMessage(name: string, bytes: Uint8Array): Message {
  const decode = generated[`decode${name}`] as Decode;
  return decode(protobuf.Reader.create(bytes), bytes.length, 0);
}

/** The same by protobufjs' reflection, brought into the shape of the generated types. */
export function decodeByReflection(type: protobuf.Type, bytes: Uint8Array): Message {
  return inOurShape(type, type.decode(bytes) as unknown as Message);
}

function inOurShape(type: protobuf.Type, message: Message): Message {
  const shaped: Message = {};
  for (const field of plainFields(type)) shaped[field.name] = fieldInOurShape(field, message[field.name]);
  for (const oneof of type.oneofsArray) {
    const set = oneof.fieldsArray.find((field) => Object.hasOwn(message, field.name));
    shaped[oneof.name] = set
      ? { case: set.name, value: fieldInOurShape(set, message[set.name]) }
      : { case: undefined };
  }
  return shaped;
}

function fieldInOurShape(field: protobuf.Field, value: unknown): unknown {
  if (field.repeated && Array.isArray(value)) return value.map((item) => valueInOurShape(field, item));
  return valueInOurShape(field, value);
}

function valueInOurShape(field: protobuf.Field, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) return enumLiterals(resolvedType)[Number(value)];
  if (resolvedType instanceof protobuf.Type) return inOurShape(resolvedType, value as Message);
  if (field.type === 'bytes') return Uint8Array.from(value as ArrayLike<number>);
  return typeof value === 'object' ? Number(value) : value;
}
