import t from 'tap';
import { describeKeys } from '../../src/config/config-schema.ts';
import type { KeySchema } from '../../src/config/key-schema.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import type { ManagerConfig } from '../../src/config/manager-config.ts';
import { planReload, reloadBehaviour } from '../../src/config/plan-reload.ts';

function config(text: string): ManagerConfig {
  const result = parseConfig(text, 'host');
  if ('findings' in result) throw new Error(JSON.stringify(result.findings));
  return result.config;
}

const before = config('');

/** Another value for each key. */
const changes: Record<string, string> = {
  site: 'site: other',
  listen: 'listen: ["0.0.0.0:1"]',
  names: 'names: [other]',
  nodes: 'nodes: [a]',
  sockets: 'sockets: []',
  plain_loopback_listen: 'plain_loopback_listen: 127.0.0.1:1',
  heartbeat_interval: 'heartbeat_interval: 6s',
  'operations.time_limit': 'operations: { time_limit: 6s }',
  'operations.log_lines': 'operations: { log_lines: 6 }',
  'metrics.enabled': 'metrics: { enabled: false }',
  'metrics.listen': 'metrics: { listen: "0.0.0.0:1" }',
  'log.level': 'log: { level: debug }',
  'audit.file': 'audit: { file: /other }',
  state_directory: 'state_directory: /other',
  'trust.certificate_lifetime': 'trust: { certificate_lifetime: 6d }',
  'trust.authority_lifetime': 'trust: { authority_lifetime: 300d }',
  'trust.token_lifetime': 'trust: { token_lifetime: 6m }',
  inventory: 'inventory: [{ name: a }]',
  hooks: 'hooks: { a: { command: [/a] } }',
  sequences: 'sequences: { a: { stages: [] } }',
  'runs.intent_age_max': 'runs: { intent_age_max: 7h }',
  'runs.notifications': 'runs: { notifications: [{ command: [/a] }] }',
  'power.upses': 'power: { upses: [{ name: a, ups: "ups@127.0.0.1" }] }',
  'power.poll_interval': 'power: { poll_interval: 6s }',
  'power.debounce_polls': 'power: { debounce_polls: 6 }',
  'power.runtime_safety_factor': 'power: { runtime_safety_factor: 1.5 }',
  'power.budget': 'power: { budget: 6m }',
  'power.forwarding_latency': 'power: { forwarding_latency: 6s }',
  'power.on_battery_limit': 'power: { on_battery_limit: 6m }',
  'power.silence_limit': 'power: { silence_limit: 6m }',
  'power.coordinator': 'power: { coordinator: stays-up }',
  'power.coordinator_halt': 'power: { coordinator_halt: 3m }',
  'power.mode': 'power: { mode: cluster-only }',
  'power.stable_mains': 'power: { stable_mains: 10m }',
  'power.startup_charge': 'power: { startup_charge: 60 }',
  'power.forward': 'power: { forward: { to: ["other:1"], identity: /peer } }',
  'power.peer_wait': 'power: { peer_wait: 3m }',
};

t.test('nothing changed: nothing to do', async (t) => {
  t.strictSame(planReload(before, config('')), { applied: [], refused: [], config: before });
});

for (const [key, text] of Object.entries(changes)) {
  t.test(key, async (t) => {
    const after = config(text);
    const plan = planReload(before, after);
    const { live } = reloadBehaviour[key as keyof typeof reloadBehaviour];
    t.strictSame(plan.applied, live ? [key] : []);
    t.strictSame(
      plan.refused.map((refusal) => refusal.key),
      live ? [] : [key],
    );
    for (const { reason } of plan.refused) t.match(reason, /takes a restart: systemctl restart/);
    t.strictSame(plan.config, live ? after : before, live ? 'taken up' : 'left as it is');
  });
}

t.test('what can be taken up is, beside what cannot', async (t) => {
  const after = config('site: other\nnodes: [a]\nlog: { level: error }');
  const plan = planReload(before, after);
  t.strictSame(plan.applied, ['nodes', 'log.level']);
  t.strictSame(
    plan.refused.map(({ key }) => key),
    ['site'],
  );
  t.strictSame(plan.config, { ...before, nodes: after.nodes, log: after.log });
});

t.test('a plan is of the site that the manager was started for', async (t) => {
  const plan = planReload(before, config('site: other\ninventory: [{ name: a }]'));
  t.match(plan.config, { site: 'home', inventory: { site: 'home', nodes: [{ name: 'a' }] } });
});

t.test('what moved to another line has not changed, and is known by its new place', async (t) => {
  const text = 'inventory: [{ name: a, role: coordinator }]\nsequences: { b: { stages: [{ name: c }] } }';
  const moved = config(`# a comment\n${text}`);
  const plan = planReload(config(text), moved);
  t.strictSame(plan.applied, []);
  t.strictSame(plan.config, moved);
  t.match(plan.config.inventory.nodes, [{ place: { line: 2 } }]);
});

/** A group that is taken up, or refused, as a whole counts as one key. */
function keysOf(schema: KeySchema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    child.properties && !Object.hasOwn(reloadBehaviour, prefix + name)
      ? keysOf(child, `${prefix}${name}.`)
      : [prefix + name],
  );
}

t.test('every key of the schema has its behaviour on reload, and a case here', async (t) => {
  const keys = keysOf(describeKeys()).sort();
  t.strictSame(Object.keys(reloadBehaviour).sort(), keys);
  t.strictSame(Object.keys(changes).sort(), keys);
});
