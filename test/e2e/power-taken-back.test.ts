/** Mains comes back in time: the shutdown is taken back at the end of a step, and what it had stopped starts again. */
import t from 'tap';
import { failMains, firstRun, full, untilPhase, upsOf } from '../../manager/test/support/power-bench.ts';
import { ended, listRuns, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { activeState } from './support/counted-unit.ts';
import { loadUnit, powerSite } from './support/power-site.ts';
import { operatorOf } from './support/run-site.ts';

t.setTimeout(240_000);

const skip = (await skipUnless('user')) || skipWithoutUpsd();
const pauses = Array.from({ length: 60 }, () => ({ wait: '2s' }));

t.test('mains is back for a minute, before the point of no return', { skip }, async (t) => {
  const sequences = {
    shutdown: {
      stages: [
        { name: 'first', steps: [{ stop: { nodes: ['web'] }, timeout: '20s' }, ...pauses] },
        { name: 'second', steps: [{ stop: { nodes: ['db'] }, timeout: '20s' }] },
      ],
    },
  };
  const { site, upsd } = await powerSite(t, {
    names: ['web', 'db'],
    config: { sequences },
    power: { budget: '2m' },
  });
  const operator = await operatorOf(t, site);
  await untilPhase(operator, 'online');
  await failMains(upsd, operator, { runtimeSeconds: 200 });
  const { runId } = await firstRun(operator);
  await until(async () => (await activeState(site.node('web'), loadUnit)) === 'inactive', {
    what: 'web is down',
  });
  await upsd.set('rack', full);
  await site.manager.stop('SIGKILL');
  await site.manager.start();
  const again = await operatorOf(t, site);
  t.match(await upsOf(again), { phase: 'triggered' }, 'a minute of mains is not over yet');

  const report = await until(
    async () => {
      const [startup] = await listRuns(again);
      return startup?.kind === 'startup' && startup;
    },
    { what: 'a startup begins', timeoutMs: 120_000 },
  );
  t.match(report, { mode: 'cluster-only', requestedBy: 'power', reason: /rack-a takes its shutdown back/ });
  t.equal(stateOf(await ended(again, runId)), 'aborted');
  t.equal(stateOf(await ended(again, report.runId)), 'done');
  t.equal(await activeState(site.node('web'), loadUnit), 'active', 'web is up again');
  t.equal(await activeState(site.node('db'), loadUnit), 'active', 'db was never down');
  await untilPhase(again, 'online');
  t.equal((await listRuns(again)).length, 2);
});
