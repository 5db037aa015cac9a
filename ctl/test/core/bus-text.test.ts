import { type BusValue, busValueToWire } from '@hecate/proto/core/bus-value.ts';
import t from 'tap';
import { showBusValue } from '../../src/core/bus-text.ts';

const show = (value: BusValue) => showBusValue(busValueToWire(value));

t.test('as systemctl show writes values', async (t) => {
  t.equal(show({ signature: 'b', value: true }).text, 'yes');
  t.equal(show({ signature: 's', value: 'x' }).text, 'x');
  t.equal(show({ signature: 'u', value: 7 }).text, '7');
  t.equal(show({ signature: 't', value: 0xffff_ffff_ffff_ffffn }).text, 'infinity');
  t.equal(show({ signature: 'as', value: ['a', 'b'] }).text, 'a b');
  t.equal(
    show({
      signature: 'a(ss)',
      value: [
        ['a', 'b'],
        ['c', 'd'],
      ],
    }).text,
    '{ a ; b } { c ; d }',
  );
  t.equal(show({ signature: 'ay', value: Uint8Array.of(1, 255) }).text, '01ff');
  t.equal(showBusValue(undefined).text, '');
});

t.test('JSON keeps every bit and the type', async (t) => {
  t.same(show({ signature: 't', value: 9_007_199_254_740_993n }).json, {
    type: 't',
    value: '9007199254740993',
  });
  t.same(show({ signature: 'v', value: { signature: 'u', value: 1 } }).json, {
    type: 'v',
    value: { type: 'u', value: 1 },
  });
  t.doesNotThrow(() => JSON.stringify(show({ signature: 'at', value: [1n, 2n] }).json));
});
