import t from 'tap';
import { compilePlan } from '../../../../src/core/plan/compile-plan.ts';
import { defaultShutdown } from '../../../../src/core/plan/default-shutdown.ts';
import { withoutPowerOff } from '../../../../src/core/power/site/staying-plan.ts';
import { inventoryOf, names, node } from '../../plan/support/plan-fixtures.ts';

t.test('the plan of everything, and what stays up is not powered off', async (t) => {
  const inventory = inventoryOf([node('pi', 'coordinator'), node('srv', 'server'), node('web', 'other')]);
  const { plan } = compilePlan({ inventory, sequence: defaultShutdown(inventory), mode: 'poweroff' });
  if (!plan) throw new Error('it compiles');
  const cut = withoutPowerOff(plan, names('pi'));
  const offOf = ({ stages }: typeof plan) =>
    stages.flatMap(({ steps }) => steps.flatMap((step) => step.powersOff));
  t.ok(offOf(plan).some((name) => name === 'pi'));
  t.same(offOf(cut).sort(), ['srv', 'web']);
  t.same(
    cut.parts.map((part) => part.node),
    plan.parts.map((part) => part.node).filter((name) => name !== 'pi'),
    'nor does it hold an order that would',
  );
  t.equal(cut.stages.length, plan.stages.length - 1);
  t.same(cut.stages, plan.stages.slice(0, -1), 'all else as it was');
});
