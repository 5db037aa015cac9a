import type { NodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import type { Finding } from '../../src/core/plan/finding.ts';
import { upsPlan, upsPlanFindings } from '../../src/power/ups-plan.ts';
import type { SitePlan } from '../../src/runs/site-plans.ts';

const warning = (message: string): Finding => ({ isError: false, key: 'k', line: 1, message, remedy: '' });
const planWith = (...messages: string[]): SitePlan =>
  ({ name: 'shutdown', findings: messages.map(warning) }) as unknown as SitePlan;

const upses = [{ name: 'rack-a' }, { name: 'rack-b' }, { name: 'rack-c' }];
const desk = {
  planFor: (triggered: ReadonlySet<string>) => {
    if (triggered.size === upses.length) return planWith('known', 'of all');
    return triggered.has('rack-c') ? undefined : planWith('known', `of ${[...triggered].join()}`);
  },
  scope: () => ({
    nodes: [] as NodeName[],
    fates: [],
    isAll: false,
    sentence: 'every node has feeds enough',
  }),
};

t.test('what is asked for', async (t) => {
  t.match(upsPlan(desk, 'shutdown', ['rack-a'], upses).findings, [{}, { message: 'of rack-a' }]);
  t.throws(() => upsPlan(desk, 'startup', ['rack-a'], upses), { code: 'HEC_USAGE' });
  t.throws(() => upsPlan(desk, 'shutdown', ['rack-x'], upses), {
    code: 'HEC_NO_SUCH_UPS',
    message: 'no UPS "rack-x" is declared: there are rack-a, rack-b and rack-c',
  });
  t.throws(() => upsPlan(desk, 'shutdown', ['rack-x'], []), { message: /there is none/ });
  t.throws(() => upsPlan(desk, 'shutdown', ['rack-c'], upses), {
    code: 'HEC_NO_SUCH_PLAN',
    message: 'every node has feeds enough',
  });
});

t.test("findings that the operator's plan does not have, each once", async (t) => {
  const messages = upsPlanFindings(desk, planWith('known'), upses).map(({ message }) => message);
  t.same(messages, [
    'when rack-a gives out: of rack-a',
    'when rack-b gives out: of rack-b',
    'when rack-a, rack-b and rack-c give out: of all',
  ]);
  const without = {
    ...desk,
    planFor: () => {
      throw new Error('there is no plan');
    },
  };
  t.same(upsPlanFindings(without, planWith(), upses), []);
  t.same(upsPlanFindings(desk, planWith(), []), []);
});
