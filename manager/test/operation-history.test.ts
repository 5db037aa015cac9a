import t from 'tap';
import { OperationHistory } from '../src/operation-history.ts';
import { opIdOf, outcomeOf, requestOf } from './support/operations-fixtures.ts';

t.test('the last 2,000, oldest first', async (t) => {
  const history = new OperationHistory();
  for (let n = 1; n <= 2100; n += 1)
    history.add({ request: requestOf(n), outcome: outcomeOf('done', opIdOf(n)) });
  const all = [...history.all()];
  t.equal(all.length, 2000);
  t.equal(all[0]?.request.opId, opIdOf(101));
  t.equal(history.get(opIdOf(100)), undefined);
  t.match(history.get(opIdOf(2100)), { outcome: { status: 'done' } });
});

t.test('a later outcome replaces an earlier one', async (t) => {
  const history = new OperationHistory();
  history.add({ request: requestOf(), outcome: outcomeOf('unknown') });
  history.add({ request: requestOf(), outcome: outcomeOf('done') });
  t.match([...history.all()], [{ outcome: { status: 'done' } }]);
});
