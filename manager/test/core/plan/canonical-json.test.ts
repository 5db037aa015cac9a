import fc from 'fast-check';
import t from 'tap';
import { canonicalJson } from '../../../src/core/plan/canonical-json.ts';

fc.configureGlobal({ seed: 1, numRuns: 500 });

t.test('one text for a value', async (t) => {
  t.equal(
    canonicalJson({ b: [1, 'x', null, true], a: { d: undefined, c: 'é"\n' } }),
    '{"a":{"c":"é\\"\\n"},"b":[1,"x",null,true]}',
  );
  t.equal(canonicalJson({ b: 1, a: 2 }), canonicalJson({ a: 2, b: 1 }));
});

t.test('what has no text is a fault, not something else', async (t) => {
  for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, () => 1, 1n, [undefined]]) {
    t.throws(() => canonicalJson(value), TypeError);
  }
});

t.test('it reads back as the same value, whatever the order of its keys', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = canonicalJson(value);
        return (
          text === canonicalJson(JSON.parse(text)) && JSON.stringify(JSON.parse(text)).length === text.length
        );
      }),
    ),
  );
});
