/** Plans that can never work, in one mode or in both, as no manager has them on request. */
import {
  createPlanFinding,
  createPlanReport,
  createRunStarted,
  createRunSummary,
  type PlanFinding,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import type { Answers } from '../support/fake-manager.ts';
import { reportOf } from '../support/run-answers.ts';
import { schemaProblem } from '../support/schema.ts';
import { withManager } from '../support/with-manager.ts';

const finding = (isError: boolean, line: number, message: string): PlanFinding =>
  createPlanFinding({ isError, key: 'sequences.x', line, message, remedy: 'declare it otherwise' });

const inBoth = finding(true, 30, 'a circle');
const inClusterOnly = finding(true, 12, 'its gate waits for a host that is off');
const leftOut = finding(false, 14, 'nothing is powered off');

const getPlan: NonNullable<Answers['getPlan']> = ({ name, mode }) => {
  if (name === '') return { case: 'plan', value: createPlanReport({ names: ['good', 'x'] }) };
  if (name === 'good') return { case: 'plan', value: createPlanReport({ name, digest: 'sha256:1' }) };
  const findings = mode === 'cluster-only' ? [inBoth, inClusterOnly, leftOut] : [inBoth];
  return { case: 'plan', value: createPlanReport({ name, mode, kind: 'sequence', findings }) };
};

t.test(
  'checked in both modes: every error once, by line; what a mode merely leaves out is no warning',
  async (t) => {
    const { ctl } = await withManager(t, { getPlan });
    const shown = await ctl('plan', 'check');
    t.equal(shown.exitCode, 2);
    t.equal(
      shown.stdout,
      `x:
  error: line 12: sequences.x: its gate waits for a host that is off
    next: declare it otherwise
  error: line 30: sequences.x: a circle
    next: declare it otherwise
`,
    );
    t.match(shown.stderr, 'good: nothing is wrong');
    const json = JSON.parse((await ctl('plan', 'check', '-o', 'json')).stdout);
    t.equal(schemaProblem('plan-findings', json), undefined);
    t.match(json, [
      { plan: 'x', line: 12 },
      { plan: 'x', line: 30 },
    ]);
    t.equal((await ctl('plan', 'check', 'good')).exitCode, 0);
  },
);

t.test('shown: its errors, and not a plan', async (t) => {
  const { ctl } = await withManager(t, { getPlan });
  const shown = await ctl('plan', 'x', '--mode', 'cluster-only');
  t.same([shown.exitCode, shown.stdout], [2, '']);
  t.match(shown.stderr, /error: line 12: [\s\S]*x can never work as it is declared \(HEC_PLAN\)/);
  const json = await ctl('plan', 'x', '-o', 'json');
  t.equal(json.exitCode, 2);
  t.equal(schemaProblem('plan', JSON.parse(json.stdout)), undefined);
  t.match(JSON.parse(json.stdout), { digest: null });
});

t.test('a site without plans', async (t) => {
  const { ctl } = await withManager(t, { getPlan: () => ({ case: 'plan', value: createPlanReport() }) });
  for (const argv of [
    ['plan', 'list'],
    ['plan', 'check'],
  ]) {
    const shown = await ctl(...argv);
    t.same([shown.exitCode, shown.stdout], [0, '']);
    t.match(shown.stderr, 'declares no nodes');
  }
});

t.test('a dry run that would end degraded would work, and says so', async (t) => {
  const report = reportOf('degraded');
  const run = { ...report, summary: createRunSummary({ ...report.summary, dryRun: true }) };
  const { ctl } = await withManager(t, {
    startRun: () => ({ case: 'runStarted', value: createRunStarted({ run }) }),
  });
  const shown = await ctl('shutdown');
  t.equal(shown.exitCode, 0);
  t.match(shown.stdout, /^shutdown \(poweroff\) .* degraded \(dry run\)$/m);
  t.match(
    shown.stderr,
    /it would end degraded[\s\S]*next: hecatectl shutdown --execute --plan-digest sha256:0+$/m,
  );
});

t.test('as UPSes would ask for it', async (t) => {
  const asked: string[][] = [];
  const { ctl } = await withManager(t, {
    getPlan: ({ name, upses }) => {
      asked.push(upses);
      const known = upses.includes('of-another-release') ? [] : upses;
      return {
        case: 'plan',
        value: createPlanReport({ name, digest: 'sha256:1', nodes: ['srv-1'], upses: known }),
      };
    },
  });
  const shown = await ctl('plan', 'shutdown', '--ups', 'rack-a,rack-b', '--ups', 'rack-c');
  t.match(shown, { exitCode: 0, stdout: /srv-1/ });
  t.same(asked, [['rack-a', 'rack-b', 'rack-c']]);
  const older = await ctl('plan', 'shutdown', '--ups', 'of-another-release');
  t.match(older, { exitCode: 1, stdout: '', stderr: /of an older release: it shows no plan of a UPS/ });
  const both = await ctl('plan', 'shutdown', '--ups', 'rack-a', '--mode', 'cluster-only');
  t.match(both, { exitCode: 2, stderr: /--ups and --mode together/ });
});
