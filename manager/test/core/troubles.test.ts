import t from 'tap';
import { noTroubles, withTrouble, writeTroublesOf } from '../../src/core/troubles.ts';

t.test('one source that works again says nothing of another', async (t) => {
  const both = withTrouble(withTrouble(noTroubles, 'journal', 'full'), 'trust', 'read-only');
  t.same(withTrouble(both, 'journal', undefined), { trust: 'read-only' });
  t.same(withTrouble(both, 'trust', ''), { journal: 'full' });
  t.same(withTrouble(both, 'journal', 'slow'), { journal: 'slow', trust: 'read-only' });
});

t.test('an address that cannot be listened on is no trouble of the disk', async (t) => {
  t.same(writeTroublesOf({ listeners: 'in use', audit: 'lost' }), ['lost']);
});
