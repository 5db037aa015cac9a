import t from 'tap';
import { suggestion } from '../../src/core/suggestion.ts';

t.test('slips of the finger are recognised; for strangers there is the whole list', async (t) => {
  const known = ['Manager', 'NodeName', 'LogLevel'];
  t.match(suggestion('Manger', known), /did you mean "Manager"/);
  t.match(suggestion('Colour', known), /known are Manager, NodeName, LogLevel/);
});
