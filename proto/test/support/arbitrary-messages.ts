/** Arbitrary values of every message, out of the schema. */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { enumLiterals, type Message, plainFields } from './schema.ts';

/** Deeper messages are left out: D-Bus values nest in each other. */
const nestingMax = 5;

const integers = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.string({ unit: 'binary', maxLength: 20 }),
  bytes: fc.uint8Array({ maxLength: 20 }),
  bool: fc.boolean(),
  uint32: fc.integer({ min: 0, max: 0xffff_ffff }),
  sint32: fc.integer(),
  uint64: fc.integer({ ...integers, min: 0 }),
  sint64: fc.integer(integers),
  // A zero is left out of a frame, whatever its sign.
  double: fc.double().map((value) => value + 0),
};

function arbitraryValue(field: protobuf.Field, nesting: number): fc.Arbitrary<unknown> {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) return fc.constantFrom(...enumLiterals(resolvedType));
  if (resolvedType instanceof protobuf.Type) return arbitraryMessage(resolvedType, nesting + 1);
  const scalar = scalars[field.type];
  if (!scalar) throw new Error(`no arbitrary for ${field.type}`);
  return scalar;
}

const isMessage = (field: protobuf.Field): boolean => field.resolvedType instanceof protobuf.Type;

function arbitraryField(field: protobuf.Field, nesting: number): fc.Arbitrary<unknown> {
  const isTooDeep = isMessage(field) && nesting >= nestingMax;
  if (field.repeated) {
    return isTooDeep ? fc.constant([]) : fc.array(arbitraryValue(field, nesting), { maxLength: 3 });
  }
  if (!isMessage(field)) return arbitraryValue(field, nesting);
  return isTooDeep ? fc.constant(undefined) : fc.option(arbitraryValue(field, nesting), { nil: undefined });
}

function oneCase(field: protobuf.Field, nesting: number): fc.Arbitrary<unknown> {
  const entries = { case: fc.constant(field.name), value: arbitraryValue(field, nesting) };
  return fc.record(entries, { noNullPrototype: true });
}

function arbitraryOneof(oneof: protobuf.OneOf, nesting: number): fc.Arbitrary<unknown> {
  const cases = oneof.fieldsArray
    .filter((field) => nesting < nestingMax || !isMessage(field))
    .map((field) => oneCase(field, nesting));
  return fc.oneof(fc.constant({ case: undefined }), ...cases);
}

export function arbitraryMessage(type: protobuf.Type, nesting = 0): fc.Arbitrary<Message> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of plainFields(type)) fields[field.name] = arbitraryField(field, nesting);
  for (const oneof of type.oneofsArray) fields[oneof.name] = arbitraryOneof(oneof, nesting);
  return fc.record(fields, { noNullPrototype: true });
}
