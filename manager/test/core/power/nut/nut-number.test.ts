import t from 'tap';
import { type NumberResult, readNumber } from '../../../../src/core/power/nut/nut-number.ts';

const rule = { min: 0, max: 1000, nonsense: new Set([999]) };

const table: [string, NumberResult][] = [
  ['0', { value: 0 }],
  ['1000', { value: 1000 }],
  ['12.5', { value: 12.5 }],
  ['00687', { value: 687 }],
  [' 42 ', { value: 42 }],
  ['-0', { value: 0 }],
  ['-0.0', { value: 0 }],
  ['', { reason: 'empty' }],
  ['   ', { reason: 'empty' }],
  ['999', { reason: 'known-nonsense' }],
  ['999.0', { reason: 'known-nonsense' }],
  ['1000.1', { reason: 'out-of-range' }],
  ['-60.0', { reason: 'out-of-range' }],
  ['-1', { reason: 'out-of-range' }],
  ['999999999999999', { reason: 'out-of-range' }],
  [' 1:57', { reason: 'not-a-number' }],
  ['36:00', { reason: 'not-a-number' }],
  ['1e2', { reason: 'not-a-number' }],
  ['0x20', { reason: 'not-a-number' }],
  ['12,5', { reason: 'not-a-number' }],
  ['+5', { reason: 'not-a-number' }],
  ['.5', { reason: 'not-a-number' }],
  ['5.', { reason: 'not-a-number' }],
  ['1 000', { reason: 'not-a-number' }],
  ['100 %', { reason: 'not-a-number' }],
  ['N/A', { reason: 'not-a-number' }],
  ['NaN', { reason: 'not-a-number' }],
  ['Infinity', { reason: 'not-a-number' }],
  ['--', { reason: 'not-a-number' }],
  ['٤٢', { reason: 'not-a-number' }],
  ['9'.repeat(400), { reason: 'not-a-number' }],
];

for (const [text, result] of table) t.same(readNumber(text, rule), result, JSON.stringify(text.slice(0, 20)));
t.notOk(Object.is(readNumber('-0', rule).value, -0), 'never minus zero');
