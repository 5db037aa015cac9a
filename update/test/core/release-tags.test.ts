import t from 'tap';
import { candidatesMax, candidateTags } from '../../src/core/release-tags.ts';

const line = (name: string): string => `${'a'.repeat(40)}\trefs/tags/${name}\n`;

t.test('the newest tags of releases, by their numbers', async (t) => {
  const names = ['v1.2.3', 'v1.10.0', 'v1.10.0-beta.1', 'version', 'v1', 'v1.2.3^{}', 'x/v9.9.9', 'v2.0.0;x'];
  t.same(candidateTags(names.map(line).join('')), ['v1.10.0', 'v1.10.0-beta.1', 'v1.2.3']);
  t.same(candidateTags(''), []);
});

t.test('a limit (I14)', async (t) => {
  const many = Array.from({ length: 1000 }, (_, index) => line(`v1.${index}.0`)).join('');
  const found = candidateTags(many);
  t.equal(found.length, candidatesMax);
  t.equal(found[0], 'v1.999.0');
});
