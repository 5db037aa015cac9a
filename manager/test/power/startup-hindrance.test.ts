/** What keeps a site from being started up, and whether it ends by itself. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import type { PlanKind } from '../../src/core/plan/plan.ts';
import type { RunId, RunRequest, RunState } from '../../src/core/runs/run.ts';
import { startupHindrance } from '../../src/power/startup-hindrance.ts';

const startup = (): RunRequest => ({}) as RunRequest;
type Active = readonly [runId: string, kind: PlanKind, triggerId?: string, joinedBy?: string];
const hindrance = (refusal: string, active: readonly Active[], resumed: readonly string[] = []) =>
  startupHindrance(
    {
      active: () =>
        active.map(
          ([runId, kind, triggerId = '', joinedBy]) =>
            ({ request: { runId, plan: { kind }, triggerId }, joinedBy }) as RunState,
        ),
      wouldRefuse: () => refusal,
    },
    startup,
    new Set(resumed as RunId[]),
  );

t.test('as a table', async (t) => {
  t.same(hindrance('', []), { refusal: '', isRefusalPassing: false });
  t.match(hindrance('an intent', []), { isRefusalPassing: false }, 'no run ends it');
  t.match(hindrance('it holds nas', [['1', 'sequence']]), { isRefusalPassing: true });
  t.match(hindrance('it goes down', [['1', 'shutdown']]), { isRefusalPassing: false });
  t.match(hindrance('it goes down', [['1', 'shutdown']], ['1']), { isRefusalPassing: true });
  t.match(hindrance('it goes down', [['1', 'shutdown', 'rack-a:1']]), { isRefusalPassing: true }, 'a UPS');
  t.match(hindrance('it goes down', [['1', 'shutdown', 'rack-a:1', 'alice']]), { isRefusalPassing: false });
  const two = [
    ['1', 'shutdown'],
    ['2', 'shutdown'],
  ] as const;
  t.match(
    hindrance(
      'it goes down',
      two.map(([id, kind]) => [id, kind]),
      ['1'],
    ),
    {
      isRefusalPassing: false,
    },
  );
});

t.test('a plan that cannot be', async (t) => {
  const runs = { active: () => [], wouldRefuse: () => '' };
  const noPlan = (): RunRequest => {
    throw new HecateError('HEC_NO_SUCH_PLAN', 'there is no plan startup');
  };
  t.same(startupHindrance(runs, noPlan, new Set()), {
    refusal: 'there is no plan startup',
    isRefusalPassing: false,
  });
});
