import t from 'tap';
import { Refusals } from '../../src/sessions/refusals.ts';

const refusal = (reason: string) => ({ atMs: 1, address: '192.0.2.1:1', reason, remedy: '' });

t.test('the last five of each name', async (t) => {
  const refusals = new Refusals();
  for (let i = 0; i < 9; i += 1) refusals.add('node-a', refusal(`${i}`));
  t.same(
    refusals.of('node-a').map(({ reason }) => reason),
    ['4', '5', '6', '7', '8'],
  );
  t.same(refusals.of('node-b'), []);
  refusals.clear('node-a');
  t.same(refusals.of('node-a'), []);
});

t.test('strangers are counted only', async (t) => {
  const refusals = new Refusals();
  for (let i = 0; i < 3; i += 1) refusals.add('', refusal('tls'));
  t.equal(refusals.strangers, 3);
});

t.test('I14: names that strangers make up push out the oldest', async (t) => {
  const refusals = new Refusals();
  refusals.add('node-a', refusal('first'));
  for (let i = 0; i < 255; i += 1) refusals.add(`made-up-${i}`, refusal('x'));
  refusals.add('node-a', refusal('second'));
  for (let i = 0; i < 255; i += 1) refusals.add(`more-${i}`, refusal('x'));
  t.equal(refusals.of('node-a').length, 2, 'one that is seen again is not the oldest');
  refusals.add('last', refusal('x'));
  t.same(refusals.of('node-a'), []);
});
