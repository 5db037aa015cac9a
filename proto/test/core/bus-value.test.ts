import {
  type BusData,
  type BusValue,
  busValueFromWire,
  busValueToWire,
} from '@hecate/proto/core/bus-value.ts';
import { decodeFrame, encodeFrame } from '@hecate/proto/core/codec.ts';
import { createBusValue, createUnitProperty } from '@hecate/proto/generated/wire.ts';
import fc from 'fast-check';
import t from 'tap';

/** There and back over real bytes. */
function overTheWire(value: BusValue): BusValue {
  const properties = [createUnitProperty({ name: 'P', value: busValueToWire(value) })];
  const result = { case: 'unitProperties', value: { properties } } as const;
  const outcome = { case: 'queryResult', value: { result } } as const;
  const body = decodeFrame(Uint8Array.from(encodeFrame({ case: 'response', value: { id: 1, outcome } })));
  if (body.case !== 'response' || body.value.outcome.case !== 'queryResult')
    throw new Error('not what was sent');
  const { result: found } = body.value.outcome.value;
  if (found.case !== 'unitProperties') throw new Error('not what was sent');
  return busValueFromWire(found.value.properties[0]?.value ?? createBusValue());
}

const values: [string, BusData][] = [
  ['b', true],
  ['b', false],
  ['y', 255],
  ['n', -32768],
  ['i', -(2 ** 31)],
  ['u', 2 ** 32 - 1],
  ['d', 0.1],
  ['d', -0],
  ['d', Number.MAX_VALUE],
  ['d', Number.NEGATIVE_INFINITY],
  ['d', Number.NaN],
  ['t', 2n ** 64n - 1n],
  ['t', 2n ** 53n + 1n],
  ['t', 0n],
  ['x', -(2n ** 63n)],
  ['x', -(2n ** 53n) - 1n],
  ['s', ''],
  ['s', 'grün ✓ 🎉 \u0000'],
  ['ay', Uint8Array.from([])],
  ['ay', Uint8Array.from([0, 1, 254, 255])],
  ['as', []],
  ['as', ['a', '']],
  [
    'a{sv}',
    [
      ['A', { signature: 't', value: 1n }],
      ['B', { signature: 'b', value: false }],
    ],
  ],
  ['a(sasbttttuii)', [['/bin/x', ['x', '-y'], false, 1n, 2n, 2n ** 64n - 1n, 0n, 42, 0, -1]]],
  ['v', { signature: 'v', value: { signature: 'ax', value: [1n, -1n] } }],
];

t.test('every kind of value arrives with its signature and every bit', async (t) => {
  for (const [signature, value] of values) {
    const arrived = overTheWire({ signature, value });
    t.strictSame(arrived, { signature, value }, signature);
    if (typeof value === 'number') t.ok(Object.is(arrived.value, value), `${value} exactly`);
  }
});

t.test('any nesting', async (t) => {
  const { data } = fc.letrec<{ data: BusData; variant: BusValue }>((tie) => ({
    data: fc.oneof(
      { maxDepth: 6 },
      fc.boolean(),
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.string({ unit: 'binary' }),
      fc.uint8Array(),
      fc.array(tie('data'), { maxLength: 4 }),
      tie('variant'),
    ),
    variant: fc.record({ signature: fc.string(), value: tie('data') }, { noNullPrototype: true }),
  }));
  const property = fc.asyncProperty(data, async (value) => {
    t.strictSame(overTheWire({ signature: 'v', value }), { signature: 'v', value });
  });
  await fc.assert(property, { seed: 1, numRuns: 300 });
});

t.test('what is no value is refused', async (t) => {
  const integer = (value: string) => ({
    signature: 'x',
    data: { data: { case: 'integer64' as const, value } },
  });
  for (const text of ['', '1.5', '0x10', '1e3', ' 1', '1'.repeat(21), '--1']) {
    t.throws(() => busValueFromWire(integer(text)), TypeError, JSON.stringify(text));
  }
  t.throws(() => busValueFromWire({ signature: 'b', data: undefined }), TypeError);
  t.throws(() => busValueFromWire({ signature: 'b', data: { data: { case: undefined } } }), TypeError);
});
