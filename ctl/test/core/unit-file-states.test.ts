import t from 'tap';
import { exitOfUnitFileState } from '../../src/core/unit-file-states.ts';

t.test("systemctl's verdicts", async (t) => {
  for (const state of ['enabled', 'enabled-runtime', 'static', 'alias', 'indirect', 'generated', 'transient'])
    t.equal(exitOfUnitFileState(state), 'success', state);
  for (const state of [
    'disabled',
    'linked',
    'linked-runtime',
    'masked',
    'masked-runtime',
    'bad',
    'new-in-v300',
  ])
    t.equal(exitOfUnitFileState(state), 'negative', state);
  for (const state of ['', 'not-found']) t.equal(exitOfUnitFileState(state), 'notFound');
});
