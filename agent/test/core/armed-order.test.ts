import { parseOpId } from '@hecate/proto/core/names.ts';
import { createArmedOperation, createVerbOptions } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  armedOpId,
  formatArmedOrder,
  haveSameOperations,
  operationWords,
  parseArmedOrder,
} from '../../src/core/armed-order.ts';
import { armedOrder, part, runId } from '../support/dead-man.ts';
import { opId } from '../support/operations.ts';

t.test('what was written is read again', async (t) => {
  for (const order of [armedOrder(), armedOrder({ begunAtClockMs: 600_010, next: 2 })])
    t.same(parseArmedOrder(formatArmedOrder(order)), order);
});

t.test('what a newer release adds is ignored, what is not right is named', async (t) => {
  const written = JSON.parse(formatArmedOrder(armedOrder())) as Record<string, unknown>;
  const reading = (fields: object) => () => parseArmedOrder(JSON.stringify({ ...written, ...fields }));
  t.same(reading({ later: 1 })(), armedOrder());
  const wrong: [object, RegExp][] = [
    [{ version: 2 }, /"version"/],
    [{ runId: 'x' }, /operation id/],
    [{ epoch: '5' }, /"epoch"/],
    [{ bootId: 1 }, /"bootId"/],
    [{ beginAtClockMs: null }, /"beginAtClockMs"/],
    [{ begunAtClockMs: 'now' }, /"begunAtClockMs"/],
    [{ next: -1 }, /"next"/],
    [{ operations: [] }, /"operations"/],
    [{ operations: [{ verb: 'explode' }] }, /"verb"/],
    [{ operations: [{ verb: 'stop', unit: 'a.service', timeLimitMs: 'x' }] }, /"timeLimitMs"/],
    [{ operations: [{ verb: 'exec', unit: '', timeLimitMs: 1, options: { argv: [1] } }] }, /options\.argv/],
    [
      { operations: [{ verb: 'exec', unit: '', timeLimitMs: 1, options: { signal: 'x' } }] },
      /options\.signal/,
    ],
  ];
  for (const [fields, message] of wrong) t.throws(reading(fields), { message }, JSON.stringify(fields));
  for (const text of ['', '{', '[]', 'null']) t.throws(() => parseArmedOrder(text), JSON.stringify(text));
});

t.test('ids: the same order the same ones, and no other', async (t) => {
  const order = armedOrder();
  const all = [
    ...[0, 1, 63].map((index) => armedOpId(order, index)),
    armedOpId(armedOrder({ armedAtClockMs: 500_010 }), 0),
    armedOpId(armedOrder({ runId: opId(78) }), 0),
    armedOpId(order, 0, 1),
    // The run's own begin as its id does.
    parseOpId(runId),
  ];
  t.equal(new Set(all).size, all.length);
  t.equal(armedOpId(armedOrder({ begunAtClockMs: 600_000, next: 1 }), 1), all[1], 'also when it has begun');
  t.equal(all[0]?.slice(0, 10), runId.slice(0, 10), 'they sort with their run');
  t.not(all[0]?.slice(10, 16), runId.slice(10, 16));
});

t.test('the same operations', async (t) => {
  const { operations } = part();
  t.ok(haveSameOperations(operations, structuredClone(operations)));
  const [first, ...rest] = operations;
  if (!first) throw new Error('no operations');
  t.notOk(haveSameOperations(operations, rest));
  t.notOk(haveSameOperations(operations, [{ ...first, timeLimitMs: 1 }, ...rest]));
  t.notOk(haveSameOperations(operations, [{ ...first, unit: 'x.service' }, ...rest]));
  const told = createArmedOperation({ ...first, options: createVerbOptions() });
  t.ok(haveSameOperations(operations, [told, ...rest]), 'no options and empty ones are the same');
});

t.test('the arguments of a command are not shown', async (t) => {
  const exec = createArmedOperation({ verb: 'exec', options: createVerbOptions({ argv: ['secret'] }) });
  t.equal(operationWords(exec), 'exec');
});
