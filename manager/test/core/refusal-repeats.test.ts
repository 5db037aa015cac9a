import t from 'tap';
import {
  noRefusals,
  noteRefusal,
  provenRefusalKeysMax,
  refusalKeysMax,
  repeatWindowMs,
} from '../../src/core/refusal-repeats.ts';

function teller() {
  let state = noRefusals;
  return (key: string, nowMs: number): number | undefined => {
    const noted = noteRefusal(state, key, nowMs);
    state = noted.state;
    return noted.tell?.untold;
  };
}

t.test('the first is told, its repetitions with the next one after a minute', async (t) => {
  const note = teller();
  t.equal(note('a', 0), 0);
  for (let nowMs = 1000; nowMs < repeatWindowMs; nowMs += 1000) t.equal(note('a', nowMs), undefined);
  t.equal(note('b', 5000), 0, 'another is told at once');
  t.equal(note('a', repeatWindowMs), 59);
  t.equal(note('a', 3 * repeatWindowMs), 0, 'none was left out since');
});

t.test('names without end are told a bounded number of times in a minute', async (t) => {
  const note = teller();
  let told = 0;
  for (let i = 0; i < 10_000; i += 1) if (note(`name-${i}`, i) !== undefined) told += 1;
  t.equal(told, refusalKeysMax + 1);
  t.equal(note('later', 2 * repeatWindowMs), 0, 'and there is room again afterwards');
});

t.test("a budget of one's own: a peer that is known is told however many there are of others", async (t) => {
  let state = noRefusals;
  for (let i = 0; i < provenRefusalKeysMax; i += 1) {
    const noted = noteRefusal(state, `node n${i} revoked`, 0, provenRefusalKeysMax);
    state = noted.state;
    if (noted.tell === undefined) t.fail(`n${i} was folded into others`);
  }
  t.equal(state.told.size, provenRefusalKeysMax);
});
