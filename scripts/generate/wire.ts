/**
 * Generates proto/src/generated/wire.ts out of proto/hecate.proto: strict TypeScript types, and static encode
 * and decode functions on top of protobufjs' Reader and Writer.
 *
 * Why not `pbjs -t static-module`: for this schema it emits 472 KB (690 KB with verify) that every agent and
 * every `hecatectl` would load, keeps unknown fields of a hostile peer in memory, types every field as
 * optional and nullable, and its encode accepts a wrong type in silence. The parser and the wire primitives
 * stay protobufjs'.
 */
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const protoFile = fileURLToPath(new URL('../../proto/hecate.proto', import.meta.url));

/** Deepest nesting of messages that decode accepts; D-Bus itself allows 64 containers. */
const depthMax = 64;
/** Most elements of one repeated field; the codec's frame size limit holds before this one does. */
const repeatedMax = 16384;

const scalars: Record<string, { type: string; zero: string; wire: number }> = {
  string: { type: 'string', zero: "''", wire: 2 },
  bytes: { type: 'Uint8Array', zero: 'new Uint8Array(0)', wire: 2 },
  bool: { type: 'boolean', zero: 'false', wire: 0 },
  uint32: { type: 'number', zero: '0', wire: 0 },
  sint32: { type: 'number', zero: '0', wire: 0 },
  uint64: { type: 'number', zero: '0', wire: 0 },
  sint64: { type: 'number', zero: '0', wire: 0 },
  double: { type: 'number', zero: '0', wire: 1 },
};

/** TRY_RESTART of enum Verb's VERB_TRY_RESTART → 'try-restart'. */
function literal(enumeration: protobuf.Enum, valueName: string): string {
  const prefix = `${enumeration.name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()}_`;
  if (!valueName.startsWith(prefix)) throw new Error(`${valueName} does not start with ${prefix}`);
  return `'${valueName.slice(prefix.length).toLowerCase().replaceAll('_', '-')}'`;
}

function elementType(field: protobuf.Field): string {
  field.resolve();
  return field.resolvedType ? field.resolvedType.name : must(scalars[field.type], field.fullName).type;
}

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the generator does not know ${what}`);
  return value;
}

function zero(field: protobuf.Field): string {
  if (field.repeated) return '[]';
  if (field.resolvedType instanceof protobuf.Enum) return "'unspecified'";
  if (field.resolvedType) return 'undefined';
  return must(scalars[field.type], field.fullName).zero;
}

function wireType(field: protobuf.Field): number {
  if (field.resolvedType instanceof protobuf.Enum) return 0;
  if (field.resolvedType) return 2;
  return must(scalars[field.type], field.fullName).wire;
}

function fieldType(field: protobuf.Field): string {
  const element = elementType(field);
  if (field.repeated) return `${element}[]`;
  return field.resolvedType instanceof protobuf.Type ? `${element} | undefined` : element;
}

function plainFields(type: protobuf.Type): protobuf.Field[] {
  return type.fieldsArray.filter((field) => field.partOf === null);
}

function comments(comment: string | null, indent: string): string {
  return comment ? `${indent}/** ${comment.replaceAll('\n', ' ')} */\n` : '';
}

function emitEnum(enumeration: protobuf.Enum): string {
  const entries = Object.entries(enumeration.values);
  const names = entries.map(([name]) => literal(enumeration, name));
  entries.forEach(([name, number], index) => {
    if (number !== index)
      throw new Error(`${enumeration.name}.${name} leaves a gap: values must count from 0`);
  });
  return `${comments(enumeration.comment, '')}export const ${enumeration.name}Values = [${names.join(', ')}] as const;
export type ${enumeration.name} = (typeof ${enumeration.name}Values)[number];
`;
}

function emitInterface(type: protobuf.Type): string {
  const lines = plainFields(type).map((f) => `${comments(f.comment, '  ')}  ${f.name}: ${fieldType(f)};`);
  for (const oneof of type.oneofsArray) {
    const cases = oneof.fieldsArray.map((f) => `    | { case: '${f.name}'; value: ${elementType(f)} }`);
    lines.push(`  ${oneof.name}:\n${cases.join('\n')}\n    | { case: undefined };`);
  }
  return `${comments(type.comment, '')}export interface ${type.name} {\n${lines.join('\n')}\n}\n`;
}

function emitCreate(type: protobuf.Type): string {
  const zeros = plainFields(type).map((f) => `${f.name}: ${zero(f)}`);
  for (const oneof of type.oneofsArray) zeros.push(`${oneof.name}: { case: undefined }`);
  if (zeros.length === 0) return `export const create${type.name} = (): ${type.name} => ({});\n`;
  return `export const create${type.name} = (init: Partial<${type.name}> = {}): ${type.name} => ({
  ${zeros.join(',\n  ')},
  ...init,
});
`;
}

/** The statement that writes one value of a field, `v` being the expression. */
function writeValue(field: protobuf.Field, v: string): string {
  const tag = (field.id << 3) | wireType(field);
  if (field.resolvedType instanceof protobuf.Enum) {
    return `w.uint32(${tag}).uint32(enumNumber(${field.resolvedType.name}Values, ${v}));`;
  }
  if (field.resolvedType) {
    return `encode${field.resolvedType.name}(${v}, w.uint32(${tag}).fork()); w.ldelim();`;
  }
  const checked = field.type.endsWith('64') ? `safe(${v})` : v;
  return `w.uint32(${tag}).${field.type}(${checked});`;
}

function isPresent(field: protobuf.Field, v: string): string {
  if (field.resolvedType instanceof protobuf.Enum) return `${v} !== 'unspecified'`;
  if (field.resolvedType) return `${v} !== undefined`;
  if (field.type === 'bytes') return `${v}.length > 0`;
  if (field.type === 'bool') return v;
  return `${v} !== ${must(scalars[field.type], field.fullName).zero}`;
}

function emitEncode(type: protobuf.Type): string {
  const lines = plainFields(type).map((field) => {
    const v = `m.${field.name}`;
    if (field.repeated) return `  for (const v of ${v}) { ${writeValue(field, 'v')} }`;
    return `  if (${isPresent(field, v)}) { ${writeValue(field, v)} }`;
  });
  for (const oneof of type.oneofsArray) {
    const cases = oneof.fieldsArray.map(
      (f) => `    case '${f.name}': { ${writeValue(f, `m.${oneof.name}.value`)} break; }`,
    );
    lines.push(`  switch (m.${oneof.name}.case) {\n${cases.join('\n')}\n  }`);
  }
  const unused = lines.length === 0 ? '_' : '';
  return `export function encode${type.name}(${unused}m: ${type.name}, w: Writer): Writer {
${lines.join('\n')}
  return w;
}
`;
}

function readValue(field: protobuf.Field): string {
  if (field.resolvedType instanceof protobuf.Enum) {
    return `enumLiteral(${field.resolvedType.name}Values, r.uint32())`;
  }
  if (field.resolvedType) return `decode${field.resolvedType.name}(r, r.uint32(), depth + 1)`;
  return field.type.endsWith('64') ? `exact(r.${field.type}())` : `r.${field.type}()`;
}

function emitDecode(type: protobuf.Type): string {
  const cases = type.fieldsArray.map((field) => {
    const expect = `expectWire(wire, ${wireType(field)}, '${type.name}.${field.name}');`;
    if (field.repeated)
      return `      case ${field.id}: ${expect} push(m.${field.name}, ${readValue(field)}); break;`;
    if (field.partOf) {
      return `      case ${field.id}: ${expect} m.${field.partOf.name} = { case: '${field.name}', value: ${readValue(field)} }; break;`;
    }
    return `      case ${field.id}: ${expect} m.${field.name} = ${readValue(field)}; break;`;
  });
  cases.push('      default: skip(r, wire, depth);');
  return `export function decode${type.name}(r: Reader, length: number, depth: number): ${type.name} {
  const end = limit(r, length, depth);
  const m = create${type.name}();
  while (r.pos < end) {
    const tag = r.uint32();
    const wire = tag & 7;
    switch (tag >>> 3) {
${cases.join('\n')}
    }
  }
  if (r.pos !== end) throw new RangeError('${type.name} runs over its length');
  return m;
}
`;
}

const runtime = `// Generated by scripts/generate/wire.ts from proto/hecate.proto. Do not edit: npm run generate.
import protobuf from 'protobufjs/minimal.js';

type Reader = protobuf.Reader;
type Writer = protobuf.Writer;

const depthMax = ${depthMax};
const repeatedMax = ${repeatedMax};

function limit(r: Reader, length: number, depth: number): number {
  if (depth > depthMax) throw new RangeError(\`nested deeper than \${depthMax}\`);
  const end = r.pos + length;
  if (end > r.len) throw new RangeError('a length points behind the end of the frame');
  return end;
}
function expectWire(found: number, expected: number, field: string): void {
  if (found !== expected) throw new TypeError(\`\${field} has wire type \${found}, expected \${expected}\`);
}
function skip(r: Reader, wire: number, depth: number): void {
  if (wire === 3 || wire === 4) throw new TypeError('groups are not part of this protocol');
  r.skipType(wire, depth);
}
function push<T>(list: T[], value: T): void {
  if (list.length >= repeatedMax) throw new RangeError(\`more than \${repeatedMax} elements in a list\`);
  list.push(value);
}
type Long = { readonly low: number; readonly high: number; readonly unsigned: boolean };
/** Out of two halves: a 64-bit integer that is made a text first takes ten times as long. */
function exact(value: number | Long): number {
  if (typeof value === 'number') return safe(value);
  const high = value.unsigned ? value.high >>> 0 : value.high;
  const number = high * 0x1_0000_0000 + (value.low >>> 0);
  if (!Number.isSafeInteger(number)) throw new RangeError('an integer beyond 2^53');
  return number;
}
function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(\`\${value} is not an integer that survives the wire\`);
  return value;
}
function enumNumber(values: readonly string[], value: string): number {
  const number = values.indexOf(value);
  if (number < 0) throw new TypeError(\`\${value} is not one of \${values.join(', ')}\`);
  return number;
}
/** A value that a newer peer knows and we do not reads as 'unspecified', which validation refuses where it matters. */
function enumLiteral<T extends string>(values: readonly [T, ...T[]], number: number): T {
  return values[number] ?? values[0];
}
`;

/** The text of proto/src/generated/wire.ts. */
export function generateWire(): string {
  const root = protobuf.loadSync(protoFile);
  root.resolveAll();
  const namespace = root.lookup('hecate.v1') as protobuf.Namespace;
  const enums = namespace.nestedArray.filter((item) => item instanceof protobuf.Enum);
  const types = namespace.nestedArray.filter((item) => item instanceof protobuf.Type);
  return [
    runtime,
    ...enums.map(emitEnum),
    ...types.map((type) =>
      [emitInterface(type), emitCreate(type), emitEncode(type), emitDecode(type)].join('\n'),
    ),
  ].join('\n');
}
