/** Ways to spoil bytes. All randomness comes in, so that a seed plays the same again. */

type Random = () => number;
type Mutation = (bytes: Uint8Array, random: Random, bases: readonly Uint8Array[]) => Uint8Array;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** Up to 64 bytes of anything, sometimes 4096. */
export function randomBytes(random: Random): Uint8Array {
  const length = below(random, random() < 0.98 ? 64 : 4096);
  return Uint8Array.from({ length }, () => below(random, 256));
}

/** Values that varints, lengths and tags trip over. */
const awkward = [0x00, 0x01, 0x07, 0x08, 0x0a, 0x7f, 0x80, 0xfe, 0xff];

function change(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = value;
  return changed;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const mutations: readonly Mutation[] = [
  // One bit.
  (bytes, random) => {
    const at = below(random, bytes.length);
    return change(bytes, at, (bytes[at] ?? 0) ^ (1 << below(random, 8)));
  },
  // One byte.
  (bytes, random) => change(bytes, below(random, bytes.length), below(random, 256)),
  (bytes, random) => change(bytes, below(random, bytes.length), awkward[below(random, awkward.length)] ?? 0),
  // Cut off.
  (bytes, random) => bytes.slice(0, below(random, bytes.length)),
  // A piece left out, said twice, or put elsewhere.
  (bytes, random) => {
    const from = below(random, bytes.length);
    return join(bytes.slice(0, from), bytes.slice(from + 1 + below(random, 16)));
  },
  (bytes, random) => {
    const from = below(random, bytes.length);
    const piece = bytes.slice(from, from + 1 + below(random, 64));
    return join(
      bytes.slice(0, from),
      ...Array.from({ length: 1 + below(random, 8) }, () => piece),
      bytes.slice(from),
    );
  },
  // Something foreign in between.
  (bytes, random) => {
    const at = below(random, bytes.length);
    return join(bytes.slice(0, at), randomBytes(random), bytes.slice(at));
  },
  // The head of one frame and the tail of another.
  (bytes, random, bases) => {
    const other = bases[below(random, bases.length)] ?? bytes;
    return join(bytes.slice(0, below(random, bytes.length)), other.slice(below(random, other.length)));
  },
  // Two frames in one: the later body counts.
  (bytes, random, bases) => join(bytes, bases[below(random, bases.length)] ?? bytes),
];

/** One of the bases, spoilt once to four times. */
export function mutate(bases: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = bases[below(random, bases.length)] ?? new Uint8Array(1);
  const times = 1 + below(random, 4);
  for (let i = 0; i < times && bytes.length > 0; i += 1) {
    const mutation = mutations[below(random, mutations.length)];
    if (mutation) bytes = mutation(bytes, random, bases);
  }
  return bytes;
}
