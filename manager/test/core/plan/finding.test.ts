import t from 'tap';
import { errorAt, sortedFindings, warningAt } from '../../../src/core/plan/finding.ts';
import { place } from './support/plan-fixtures.ts';

t.test('sorted by line, each once, whatever the order they were found in', async (t) => {
  const a = errorAt(place(10), 'a', '');
  const b = warningAt(place(9), 'b', '');
  const c = errorAt(place(9), 'c', '');
  t.same(sortedFindings([a, b, c, { ...a }]), [c, b, a]);
  t.same(sortedFindings([c, a, b]), sortedFindings([a, b, c]));
});
