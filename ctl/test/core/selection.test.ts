import t from 'tap';
import { nodeSelection, singleNode, unitPatterns } from '../../src/core/selection.ts';

t.test('nodes: names, comma lists, patterns', async (t) => {
  t.same(nodeSelection([]), { patterns: [], all: true });
  t.same(nodeSelection(['a,b', 'a']), { patterns: ['a', 'b'], all: false });
  t.same(nodeSelection(['edge-*,x?[0-9]']).patterns, ['edge-*', 'x?[0-9]']);
  for (const bad of ['', 'a,', ',', 'A', 'a b', 'a_b', '-a', '../*', 'ä*']) {
    t.throws(() => nodeSelection([bad]), { code: 'HEC_BAD_NAME' }, JSON.stringify(bad));
  }
});

t.test('whether exactly one node was named', async (t) => {
  t.equal(singleNode(nodeSelection(['a'])), 'a');
  for (const words of [[], ['a,b'], ['a*']]) t.equal(singleNode(nodeSelection(words)), undefined);
});

t.test('units: completed names, patterns as they are', async (t) => {
  t.same(unitPatterns(['k3s', 'a.timer,k3s']), ['k3s.service', 'a.timer']);
  t.same(unitPatterns(['k3s*', '*.timer']), ['k3s*', '*.timer']);
  t.same(unitPatterns(['getty@tty1', 'dev-disk\\x2d1.device']), [
    'getty@tty1.service',
    'dev-disk\\x2d1.device',
  ]);
  for (const bad of ['', 'a b', '../x', 'ü', 'x'.repeat(300), '@.service', `*${'x'.repeat(300)}`]) {
    t.throws(() => unitPatterns([bad]), { code: 'HEC_BAD_NAME' }, JSON.stringify(bad.slice(0, 20)));
  }
  t.throws(() => unitPatterns([Array.from({ length: 1100 }, (_, i) => `u${i}`).join(',')]), {
    code: 'HEC_USAGE',
  });
});
