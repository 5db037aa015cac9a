/** A declared sequence on three real nodes: in order, aborted, and resumed after the manager was killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import {
  abortRun,
  ended,
  execute,
  getRun,
  startRun,
  stateOf,
  stepStates,
  watchRun,
} from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { activeState, countedUnit, startsOf } from './support/counted-unit.ts';
import { operatorOf, runSite, timesOf, untilActivating } from './support/run-site.ts';

t.setTimeout(200_000);

const names = ['alpha', 'beta', 'gamma'] as const;
const unit = 'slow.service';

const twoStages = {
  stages: [
    {
      name: 'first',
      steps: [{ start: { nodes: ['alpha', 'beta'] }, timeout: '30s' }],
      gate: {
        sentence: 'alpha and beta are active',
        unit: { nodes: ['alpha', 'beta'], units: [unit], states: ['active'] },
        every: '200ms',
        timeout: '20s',
      },
    },
    { name: 'second', steps: [{ start: { nodes: ['gamma'] }, timeout: '30s' }] },
  ],
};

t.test('two stages on three nodes', { skip: await skipUnless('user'), timeout: 180_000 }, async (t) => {
  const site = await runSite(t, {
    names,
    sequences: { maintenance: twoStages },
    units: { [unit]: countedUnit(2) },
  });
  const reset = () => Promise.all(names.map((name) => site.node(name).systemctl('stop', unit)));
  const starts = () => Promise.all(names.map((name) => startsOf(site.node(name), unit)));

  await t.test('a dry run applies nothing', async (t) => {
    const { run } = await startRun(await operatorOf(t, site), { name: 'maintenance' });
    t.match(run?.summary, { dryRun: true, state: 'done' });
    t.match(run?.stages[0]?.steps[1]?.details, [/alpha: slow\.service is inactive/, /beta/]);
    t.same(await starts(), [0, 0, 0]);
  });

  await t.test('in order, on the nodes themselves', async (t) => {
    const operator = await operatorOf(t, site);
    const { run } = await execute(operator, 'maintenance', { reason: 'test' });
    const { report, lines } = await watchRun(operator, run?.summary?.runId ?? '');
    t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
    t.same(stepStates(report), ['1.1 done', '1.2 done', '2.1 done']);
    const [alpha, beta, gamma] = await Promise.all(names.map((name) => timesOf(site, name, unit)));
    const firstsActiveUs = Math.max(alpha?.activeUs ?? 0, beta?.activeUs ?? 0);
    t.ok(firstsActiveUs > 0 && (gamma?.startedUs ?? 0) > firstsActiveUs, 'I1');
    t.ok((beta?.startedUs ?? 0) < (alpha?.activeUs ?? 0), 'the operations of a step run at once');
    t.same(await starts(), [1, 1, 1]);
    t.ok(lines.some(({ type }) => type === 'stage-done'));
  });

  await t.test('killed in the middle of a step, resumed, and nothing applied twice', async (t) => {
    await reset();
    const { run } = await execute(await operatorOf(t, site), 'maintenance');
    const runId = run?.summary?.runId ?? '';
    await untilActivating(site, 'alpha', unit);
    await site.manager.stop('SIGKILL');
    await site.manager.start();
    const operator = await operatorOf(t, site);
    t.equal(stateOf(await getRun(operator, runId)), 'running', 'it goes on by itself');
    const report = await ended(operator, runId);
    t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
    t.same(await starts(), [2, 2, 2], 'each once since then');
  });

  await t.test('killed at any moment', { timeout: 120_000 }, async (t) => {
    let before = 2;
    for (const delayMs of [0, 10, 40, 120, 2100, 2400]) {
      await reset();
      await site.untilOnline();
      const { run } = await execute(await operatorOf(t, site), 'maintenance');
      const runId = run?.summary?.runId ?? '';
      await sleep(delayMs);
      await site.manager.stop('SIGKILL');
      await site.manager.start();
      const report = await ended(await operatorOf(t, site), runId);
      t.equal(stateOf(report), 'done', `${delayMs} ms: ${JSON.stringify(report.degradations)}`);
      before += 1;
      t.same(await starts(), [before, before, before], `${delayMs} ms: each once`);
    }
  });

  await t.test('SIGTERM stops the manager, not the run', async (t) => {
    await reset();
    await site.untilOnline();
    const before = await starts();
    const { run } = await execute(await operatorOf(t, site), 'maintenance');
    await untilActivating(site, 'beta', unit);
    await site.manager.stop('SIGTERM');
    await site.manager.start();
    const report = await ended(await operatorOf(t, site), run?.summary?.runId ?? '');
    t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
    t.same(
      await starts(),
      before.map((count) => count + 1),
    );
  });

  await t.test('an abort ends with the step that runs, and says what was not done', async (t) => {
    await reset();
    await site.untilOnline();
    const operator = await operatorOf(t, site);
    const { run } = await execute(operator, 'maintenance');
    const runId = run?.summary?.runId ?? '';
    await untilActivating(site, 'alpha', unit);
    await abortRun(operator, runId, 'enough');
    const report = await ended(operator, runId);
    t.equal(stateOf(report), 'aborted');
    t.same(stepStates(report), ['1.1 done', '1.2 pending', '2.1 pending']);
    t.equal(await activeState(site.node('gamma'), unit), 'inactive');
  });
});
