import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import t from 'tap';
import {
  decodeMessage,
  encodeMessage,
  headerBytes,
  messageBytes,
  messageBytesMax,
  messageTypes,
} from '../../src/io/bus-codec.ts';
import { MessageFramer } from '../../src/io/message-framer.ts';

const frameOf = (signature: string, body: BusData[]): Buffer =>
  encodeMessage({
    type: messageTypes.signal,
    serial: 7,
    path: '/a',
    interface: 'b.c',
    member: 'D',
    signature,
    body,
  });

const variant = (signature: string, value: BusData): BusValue => ({ signature, value });

/** Little-endian frame with a hand-made body: what no honest encoder writes. */
function rawFrame(signature: string, body: Buffer): Buffer {
  const frame = frameOf('g', [signature]);
  const fields = frame.readUInt32LE(12);
  const header = Buffer.from(frame.subarray(0, headerBytes + Math.ceil(fields / 8) * 8));
  const at = header.indexOf(Buffer.from([8, 1, 0x67, 0, 1, 0x67, 0])); // field 8, variant g, "g"
  if (signature.length !== 1) throw new Error('a signature of one letter fits');
  header.write(signature, at + 5, 'latin1');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}

t.test('every type comes back as it went', (t) => {
  const cases: [string, BusData[]][] = [
    ['ybnqiud', [255, true, -32768, 65535, -2147483648, 4294967295, -0.125]],
    ['xx', [9223372036854775807n, -9223372036854775807n]],
    ['tt', [18446744073709551615n, 9007199254740993n]],
    ['sog', ['grüße 🦉 \u0001', '/a/b_2ec', 'a{s(vxa{t(vv)})}']],
    ['ay', [Uint8Array.of(0, 1, 254, 255)]],
    ['ayasat', [new Uint8Array(0), [], []]],
    [
      'a{sv}',
      [
        [
          ['__proto__', variant('s', 'kept')],
          ['2', variant('u', 2)],
          ['1', variant('u', 1)],
        ],
      ],
    ],
    [
      'a{tu}',
      [
        [
          [18446744073709551614n, 1],
          [3n, 2],
        ],
      ],
    ],
    [
      'v',
      [variant('v', variant('v', variant('a(xv)', [[-5n, variant('a{sv}', [['k', variant('t', 1n)]])]])))],
    ],
    ['a(sasbttttuii)', [[['/bin/x', ['/bin/x', 'ä'], false, 1n, 2n, 3n, 4n, 5, -6, 7]]]],
    ['(y(xs))yx', [[1, [2n, '']], 3, 4n]],
  ];
  for (const [signature, body] of cases) {
    const frame = frameOf(signature, body);
    t.equal(messageBytes(frame.subarray(0, headerBytes)), frame.length, signature);
    const message = decodeMessage(frame);
    t.strictSame(message.body, body, signature);
    t.equal(message.signature, signature);
  }
  t.end();
});

t.test('what cannot be sent is an error, not another value', (t) => {
  t.throws(() => frameOf('t', [-1n]), 'negative');
  t.throws(() => frameOf('t', [2n ** 64n]), 'too large');
  t.throws(() => frameOf('u', [2 ** 32]), 'too large');
  t.throws(() => frameOf('s', [5]), 'another type');
  t.throws(() => frameOf('s', ['a\0b']), 'NUL inside');
  t.throws(() => frameOf('ss', ['one']), 'too few');
  t.throws(() => frameOf('v', [variant('ss', 'x')]), 'two types in a variant');
  t.throws(() => frameOf('a()', [[]]), 'an empty struct');
  t.end();
});

t.test('big-endian messages are read', (t) => {
  const frame = Buffer.from(
    [
      '42040001 00000008 00000002 00000037', // 'B', signal, body 8 bytes, serial 2, fields 55 bytes
      '01016f00 00000002 2f610000 00000000', // path "/a"
      '02017300 00000003 622e6300 00000000', // interface "b.c"
      '03017300 00000001 44000000 00000000', // member "D"
      '08016700 01740000', // signature "t", and padding
      '0020000000000001', // 2^53 + 1
    ]
      .join('')
      .replaceAll(' ', ''),
    'hex',
  );
  t.strictSame(decodeMessage(frame).body, [9007199254740993n]);
  t.end();
});

t.test('garbage is an error, and soon', (t) => {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const inVariant = (signature: string, rest: Buffer): Buffer =>
    Buffer.concat([Buffer.from([signature.length]), Buffer.from(`${signature}\0`), rest]);
  t.throws(() => decodeMessage(rawFrame('v', inVariant('a()', u32(8)))), /a\(\)/, 'endless in the library');
  t.throws(() => decodeMessage(rawFrame('v', inVariant('ss', u32(0)))), 'two types in a variant');
  t.throws(() => decodeMessage(rawFrame('v', inVariant('', u32(0)))), 'no type in a variant');
  t.throws(
    () => decodeMessage(rawFrame('s', Buffer.concat([u32(100), Buffer.from('short\0')]))),
    /cut short/,
  );
  t.throws(() => decodeMessage(rawFrame('s', Buffer.concat([u32(2), Buffer.from('abc')]))), /NUL/);
  t.throws(() => decodeMessage(rawFrame('u', Buffer.alloc(2))), 'too few bytes');
  t.throws(() => decodeMessage(rawFrame('u', Buffer.alloc(8))), /as long as it says/);
  const deep = Buffer.concat(Array.from({ length: 5000 }, () => Buffer.from([1, 0x76, 0])));
  t.throws(() => decodeMessage(rawFrame('v', deep)), /nested too deeply/);
  for (const header of ['6c040001ffffffff0100000000000000', '6c0400010000000001000000ffffffff', '47455420']) {
    t.throws(() => messageBytes(Buffer.from(header.padEnd(32, '0'), 'hex')), RangeError, header);
  }
  t.end();
});

t.test('20,000 damaged messages: an error or a message, never a hang or anything else', (t) => {
  let seed = 20_201;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const whole = frameOf('sa{sv}as', [
    'x',
    [['k', variant('a(tv)', [[1n, variant('ay', Uint8Array.of(1))]])]],
    ['z'],
  ]);
  let refused = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const frame = Buffer.from(whole);
    for (let flips = 1 + random(4); flips > 0; flips -= 1) frame[random(frame.length)] = random(256);
    try {
      if (messageBytes(frame.subarray(0, headerBytes)) === frame.length) decodeMessage(frame);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Error)) throw error;
      refused += 1;
    }
  }
  t.ok(refused > 1000, `${refused} were refused`);
  t.end();
});

t.test('frames come out of any chunking', (t) => {
  const frames = [frameOf('s', ['one']), frameOf('', []), frameOf('as', [['x'.repeat(5000), 'y']])];
  const stream = Buffer.concat(frames);
  for (const size of [1, 15, 16, 17, 100, stream.length]) {
    const framer = new MessageFramer();
    const got: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) got.push(...framer.push(stream.subarray(at, at + size)));
    t.strictSame(got, frames, `chunks of ${size}`);
  }
  const tooLong = Buffer.alloc(headerBytes);
  frames[0]?.copy(tooLong);
  tooLong.writeUInt32LE(messageBytesMax, 4);
  t.throws(() => [...new MessageFramer().push(tooLong)], /bytes/);
  t.end();
});
