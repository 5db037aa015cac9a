import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import type { PlanMode } from '../../src/core/plan/plan.ts';
import type { RunId, RunRequest } from '../../src/core/runs/run.ts';
import { type DryRunFacts, dryRunReport, operationsOf, unitsOf } from '../../src/runs/dry-run.ts';
import { planNames, requirePlan, sitePlan } from '../../src/runs/site-plans.ts';
import { operationKey, unitKey } from '../../src/runs/unit-key.ts';
import { stateOf, stepStates } from '../support/runs-bench.ts';

const srv = parseNodeName('srv');
const wrk = parseNodeName('wrk');
const names = [parseNodeName('nas'), srv, wrk];

function configOf(sequences: Record<string, unknown> = {}) {
  const text = JSON.stringify({
    site: 'test',
    inventory: [
      { name: 'nas', role: 'storage', mac_address: '52:54:00:00:00:01' },
      { name: 'srv', role: 'server', mac_address: '52:54:00:00:00:02' },
      { name: 'wrk', role: 'agent' },
    ],
    hooks: { tell: { command: ['/no/such/program'] } },
    sequences,
  });
  const result = parseConfig(text, 'test');
  if ('findings' in result) throw new Error(JSON.stringify(result.findings));
  return result.config;
}

function requestOf(
  name: string,
  sequences: Record<string, unknown> = {},
  mode: PlanMode = 'poweroff',
): RunRequest {
  const compiled = sitePlan(configOf(sequences), name, mode);
  return {
    runId: '01M7ZH0M95XW64C72NRBQPM8SG' as RunId,
    plan: requirePlan(compiled),
    planDigest: compiled.digest,
    isRehearsal: false,
    reason: 'test',
    requestedBy: 'alice',
    requestedFrom: 'here',
    requestedWallMs: 1,
    triggerId: '',
    timeLimitMs: undefined,
    learntMs: {},
  };
}

const facts = (changes: Partial<DryRunFacts> = {}): DryRunFacts => ({
  observations: {},
  offline: new Map(),
  missingUnits: new Set(),
  policyRefusals: new Map(),
  hookTroubles: new Map(),
  blindLooks: [],
  refusal: '',
  rung: 'full',
  rungWhy: '',
  ...changes,
});

t.test('the built-in ones, as things are', async (t) => {
  t.same(planNames(configOf()), ['shutdown', 'startup']);
  const shutdown = dryRunReport(requestOf('shutdown'), facts());
  t.equal(stateOf(shutdown), 'done');
  t.ok(shutdown.expectedMs > 0 && shutdown.boundMs >= shutdown.expectedMs);
  t.ok(stepStates(shutdown).every((each) => each.endsWith('would-run')));
  t.equal(shutdown.summary?.dryRun, true);
  const asked = requestOf('startup');
  t.ok(unitsOf(asked.plan).get(srv)?.has('k3s.service'));
  t.ok(operationsOf(asked.plan).length > 0);
});

t.test('a host that a gate would take for off although it is up degrades it', async (t) => {
  const why = 'srv is up, and nobody answers or refuses at srv:22';
  const report = dryRunReport(requestOf('shutdown'), facts({ blindLooks: [why] }));
  t.equal(stateOf(report), 'degraded');
  t.same(report.degradations, [why]);
});

t.test('a startup from all off: who is woken or waited for is no obstacle', async (t) => {
  const offline = new Map(names.map((name) => [name, 'it is off'] as const));
  const report = dryRunReport(requestOf('startup'), facts({ offline }));
  t.equal(stateOf(report), 'done', report.summary?.why ?? '');
  const operations = report.stages.flatMap(({ steps }) => steps.flatMap((step) => step.operations));
  t.ok(operations.length > 0 && operations.every(({ state }) => state === 'would-send'));
  t.match(operations[0]?.message, /an earlier step waits for it/);
});

const start = (changes: object = {}) => ({
  start: { nodes: ['srv', 'wrk'], units: ['x.service'] },
  timeout: '10s',
  ...changes,
});
const only = (...steps: unknown[]) => ({ custom: { stages: [{ name: 'only', steps }] } });

t.test('what stands in the way', async (t) => {
  const offline = new Map([[wrk, 'cable']]);
  const missingUnits = new Set([unitKey(srv, 'x.service')]);
  const strict = dryRunReport(requestOf('custom', only(start())), facts({ offline, missingUnits }));
  t.equal(stateOf(strict), 'failed');
  t.match(
    strict.summary?.why,
    /step 1\.1: srv x\.service: there is no such unit; step 1\.1: wrk x\.service: offline: cable/,
  );
  t.match(
    strict.stages[0]?.steps[0]?.operations.map(({ node, state, code }) => [node, state, code]),
    [
      ['srv', 'would-skip', 'HEC_NO_SUCH_UNIT'],
      ['wrk', 'would-skip', 'HEC_OFFLINE'],
    ],
  );
  const lenient = dryRunReport(
    requestOf('custom', only(start({ on_failure: 'continue' }))),
    facts({ offline }),
  );
  t.equal(stateOf(lenient), 'degraded');
  const tolerant = only({
    stop: { nodes: ['srv'], units: ['x.service'], missing_unit_is_done: true },
    timeout: '10s',
  });
  t.equal(stateOf(dryRunReport(requestOf('custom', tolerant), facts({ missingUnits }))), 'done');
  const hookTroubles = new Map([
    ['tell', 'hook tell: /no/such/program is not a program that can be run here'],
  ]);
  const hooked = dryRunReport(
    requestOf('custom', only({ hook: 'tell', timeout: '5s' })),
    facts({ hookTroubles }),
  );
  t.match(hooked.summary, { state: 'failed', why: /no\/such\/program/ });
  const refused = dryRunReport(
    requestOf('custom', only(start())),
    facts({ refusal: 'another run is going on' }),
  );
  t.match(refused.summary, { state: 'failed', why: /another run is going on/ });
});

t.test('what a policy refuses is told before it is needed, also where a gate would decide', async (t) => {
  const request = requestOf('shutdown');
  const powerOff = operationsOf(request.plan).find(({ node, verb }) => node === srv && verb === 'poweroff');
  if (!powerOff) throw new Error('no power-off');
  const why = 'poweroff: agent-policy.conf does not allow poweroff; set Poweroff=yes';
  const policyRefusals = new Map([[operationKey(powerOff), why]]);
  const report = dryRunReport(request, facts({ policyRefusals }));
  t.not(stateOf(report), 'done');
  t.match(report.degradations.join(), `srv: ${why}`);
  const operations = report.stages.flatMap(({ steps }) => steps.flatMap((step) => step.operations));
  t.match(
    operations.filter(({ code }) => code === 'HEC_POLICY'),
    [{ node: 'srv', verb: 'poweroff', state: 'would-skip', message: why }],
  );
});

t.test('a rung leaves out what it declares', async (t) => {
  const sequences = only(start({ drop_at: 'short' }), { wait: '1s' });
  const report = dryRunReport(
    requestOf('custom', sequences),
    facts({ rung: 'short', rungWhy: 'rung short: 1 s left' }),
  );
  t.same(stepStates(report), ['1.1 left-out', '1.2 would-run']);
  t.equal(stateOf(report), 'degraded');
  t.same(report.degradations, ['rung short: 1 s left']);
});

t.test('no such plan, and one that can never work', async (t) => {
  t.throws(() => sitePlan(configOf(), 'nothing', 'poweroff'), {
    code: 'HEC_NO_SUCH_PLAN',
    message: /shutdown, startup/,
  });
  const empty = { ...configOf(), inventory: { site: 'test', coordinator: undefined, nodes: [], hooks: [] } };
  t.throws(() => sitePlan(empty, 'startup', 'poweroff'), { code: 'HEC_NO_SUCH_PLAN', remedy: /inventory/ });
  const finding = {
    isError: true,
    key: 'sequences.x.stages[0]',
    line: 7,
    message: 'no steps',
    remedy: 'give it some',
  };
  const broken = { ...sitePlan(configOf(), 'startup', 'poweroff'), plan: undefined, findings: [finding] };
  t.throws(() => requirePlan(broken), {
    code: 'HEC_PLAN',
    message: /stages\[0\] \(line 7\): no steps/,
    remedy: 'give it some',
  });
});
