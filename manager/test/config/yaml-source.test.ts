import t from 'tap';
import { readYaml } from '../../src/config/yaml-source.ts';
import { findingsOf } from './findings-of.ts';

t.test('text that is not what we take for YAML: place, finding, remedy', async (t) => {
  const cases: [string, RegExp][] = [
    ['log:\n\tlevel: info\n', /^f:2:1: found a tab as indentation, expected spaces; replace/],
    ['site: a\nlog: {level: info\nnames: [a]\n', /^f:\d:\d+: found text that is not YAML/],
    ['site: "a\n', /^f:\d:\d+: found text that is not YAML/],
    ['site: a\n---\nsite: b\n', /^f:2:1: found a second document/],
    ['site: a\nsite: b\n', /^f:2:1: site: found the same key again, expected each key once/],
    ['log: { level: info, level: info }\n', /^f:1:21: level: found the same key again/],
    ['a: &x [1]\nb: *x\n', /^f:2:4: found the alias \*x, expected the value itself/],
    ['names: &x [*x]\n', /^f:1:12: found the alias \*x/],
    ['site: !!js/function x\n', /^f:1:7: found text that is not YAML \(Unresolved tag/],
    ['12: a\n', /^f:1:1: found the number 12 as a key, expected a word/],
    ['? [a]\n: b\n', /^f:1:3: found a list of 1 as a key/],
    ['- a\n- b\n', /^f:1:1: found a list of 2, expected a map of keys/],
    ['just words\n', /^f:1:1: found "just words", expected a map of keys/],
    ['__proto__: { site: x }\n', /^f:1:1: __proto__: found an unknown key/],
    ['constructor: 1\n', /^f:1:1: constructor: found an unknown key/],
  ];
  for (const [text, expected] of cases) {
    const found = findingsOf(text);
    t.match(found[0], expected, JSON.stringify(text));
  }
});

t.test('a tower of aliases costs nothing', async (t) => {
  const rows = Array.from({ length: 40 }, (_, i) =>
    i === 0
      ? 'a0: &a0 [x]'
      : `a${i}: &a${i} [${Array(20)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
  );
  const found = findingsOf(rows.join('\n'));
  t.equal(found.length, 39 * 20, 'each alias is found, none is followed');
});

t.test('deep nesting is an error, not a crash', async (t) => {
  t.match(findingsOf('['.repeat(20_000)), [/^f:/]);
});

t.test('places of keys, items and what is missing', async (t) => {
  const source = readYaml('a:\n  - b: 1\n    c: text\n  - x\nd:\n');
  t.same(source.placeOf(['a']), { line: 1, column: 1 });
  t.same(source.placeOf(['a', 0]), { line: 2, column: 5 });
  t.same(source.placeOf(['a', 0, 'c']), { line: 3, column: 5 });
  t.same(source.placeOf(['a', 1]), { line: 4, column: 5 });
  t.same(source.placeOf(['a', 0, 'missing']), { line: 2, column: 5 });
  t.same(source.placeOf(['a', 7]), { line: 1, column: 1 });
  t.equal(source.foundAt(['a']), 'a list of 2');
  t.equal(source.foundAt(['a', 0]), 'a map of keys');
  t.equal(source.foundAt(['a', 0, 'b']), 'the number 1');
  t.equal(source.foundAt(['a', 0, 'c']), '"text"');
  t.equal(source.foundAt(['d']), 'nothing');
  t.equal(source.foundAt(['e']), 'nothing');
  t.same(readYaml('').value, {});
  t.same(readYaml('').placeOf([]), { line: 1, column: 1 });
});
