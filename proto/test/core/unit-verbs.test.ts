import t from 'tap';
import { unitVerbs } from '../../src/core/unit-verbs.ts';
import { VerbValues } from '../../src/generated/wire.ts';

t.test('every verb of the wire is among them, but those that are named elsewhere', async (t) => {
  const elsewhere = ['unspecified', 'exec', 'poweroff', 'reboot', 'set-default'];
  t.same([...unitVerbs, ...elsewhere].toSorted(), [...VerbValues].toSorted());
});
