/**
 * One frame for each thing that can be said, every field filled with a value that is not its default, made out
 * of the schema: what the golden frames are written from.
 */
import type { FrameBody } from '@hecate/proto/core/frames.ts';
import protobuf from 'protobufjs';
import { enumLiterals, type Message, messageType, plainFields } from './schema.ts';

/** D-Bus values nest in each other. */
const nestingMax = 8;

const scalars: Record<string, (field: protobuf.Field) => unknown> = {
  string: (field) => `${field.name} ✓`,
  bytes: (field) => Uint8Array.from([0, 255, field.id]),
  bool: () => true,
  uint32: (field) => 0xffff_ff00 + field.id,
  sint32: (field) => -field.id,
  uint64: (field) => 2 ** 52 + field.id,
  sint64: (field) => -(2 ** 52) - field.id,
  double: (field) => field.id + 0.1,
};

/** Names of the oneof cases on the way to the thing that the frame is about. */
type Route = readonly string[];

function sampleValue(field: protobuf.Field, route: Route, nesting: number): unknown {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) return enumLiterals(resolvedType).at(-1);
  if (resolvedType instanceof protobuf.Type) return sampleMessage(resolvedType, route, nesting + 1);
  return scalars[field.type]?.(field);
}

function sampleField(field: protobuf.Field, route: Route, nesting: number): unknown {
  const isTooDeep = field.resolvedType instanceof protobuf.Type && nesting >= nestingMax;
  if (isTooDeep) return field.repeated ? [] : undefined;
  if (field.repeated) return sampleList(field, nesting);
  return sampleValue(field, route, nesting);
}

/** Two elements; or, where an element can be one of several things (D-Bus values), one of each. */
function sampleList(field: protobuf.Field, nesting: number): unknown[] {
  const { resolvedType } = field;
  const [oneof] = resolvedType instanceof protobuf.Type ? resolvedType.oneofsArray : [];
  const kinds: Route[] = oneof?.fieldsArray.map(({ name }) => [name]) ?? [[], []];
  return kinds.map((route) => sampleValue(field, route, nesting));
}

/** The case that the route names, else a list where that is possible, else the first. */
function sampleOneof(oneof: protobuf.OneOf, route: Route, nesting: number): unknown {
  const [wanted, ...rest] = route;
  const named = oneof.fieldsArray.find((field) => field.name === wanted);
  const list = oneof.fieldsArray.find((field) => field.name === 'list');
  const field = named ?? list ?? oneof.fieldsArray[0];
  return field && { case: field.name, value: sampleValue(field, named ? rest : [], nesting) };
}

function sampleMessage(type: protobuf.Type, route: Route, nesting: number): Message {
  const message: Message = {};
  for (const field of plainFields(type)) message[field.name] = sampleField(field, [], nesting);
  for (const oneof of type.oneofsArray) message[oneof.name] = sampleOneof(oneof, route, nesting);
  return message;
}

/** All ways through the oneofs of a message, two levels deep at most below the frame's body. */
function routes(type: protobuf.Type, levels: number): Route[] {
  const [oneof] = type.oneofsArray;
  if (!oneof || levels === 0) return [[]];
  return oneof.fieldsArray.flatMap((field) => {
    const below = field.resolvedType instanceof protobuf.Type ? routes(field.resolvedType, levels - 1) : [[]];
    return below.map((rest) => [field.name, ...rest]);
  });
}

/** Name, such as `request.query.showUnit` → frame. */
export function sampleFrames(): Map<string, FrameBody> {
  const type = messageType('Frame');
  return new Map(
    routes(type, 3).map((route) => {
      const { body } = sampleMessage(type, route, 0);
      return [route.join('.'), body as FrameBody];
    }),
  );
}
