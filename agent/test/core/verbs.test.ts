import { VerbValues } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { isJobVerb, jobTypesOf, needsUnit, policyVerbs } from '../../src/core/verbs.ts';

t.test('every verb of the wire is spoken of by the policy, or has a switch of its own', async (t) => {
  const spoken = new Set<string>([...policyVerbs, 'exec', 'poweroff', 'reboot', 'unspecified']);
  t.same([...VerbValues].sort(), [...spoken].sort());
});

t.test('which verbs are jobs, and which need a unit', async (t) => {
  t.ok(isJobVerb('reload-or-restart'));
  t.notOk(isJobVerb('kill'));
  t.same(VerbValues.filter((verb) => isJobVerb(verb)).sort(), Object.keys(jobTypesOf).sort());
  t.ok(needsUnit('mask'));
  t.notOk(needsUnit('daemon-reload'));
});
