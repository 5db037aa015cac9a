import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import { execute } from '../../../test/nodes/execute.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import type { ManagerConfig } from '../../src/config/manager-config.ts';
import { demandPlans, formatPlanFinding, planFindings } from '../../src/config/plan-findings.ts';
import { findingsOf } from './findings-of.ts';

const repository = join(import.meta.dirname, '../../..');

function config(text: string): ManagerConfig {
  const result = parseConfig(text, 'host');
  if ('findings' in result) throw new Error(findingsOf(text).join('\n'));
  return result.config;
}

/** What a text's plans are refused for, line by line. */
function refusal(text: string): string[] {
  try {
    return ['sound', ...demandPlans('f', config(text))];
  } catch (thrown) {
    if (!(thrown instanceof HecateError) || thrown.code !== 'HEC_CONFIG') throw thrown;
    return thrown.message.split('\n');
  }
}

const nodes = `inventory:
  - { name: nas, role: storage }
  - { name: srv-1, role: server }
  - { name: boss, role: coordinator }
`;
const work = (step: string): string => `${nodes}sequences:
  work:
    stages:
      - name: first
        steps:
          - ${step}
`;

t.test('an empty file has no plans, and nothing that is wrong with them', async (t) => {
  t.strictSame(refusal(''), ['sound']);
});

t.test('the built-in plans of an inventory are sound', async (t) => {
  t.equal(refusal(nodes)[0], 'sound');
  t.equal(refusal('inventory: [{ name: a }]')[0], 'sound');
});

t.test('what can never work is refused with its line and key', async (t) => {
  const cases: [string, RegExp][] = [
    [
      work('stop: { nodes: [srv-1] }'),
      /^f:10: sequences\.work\.stages\[0\]\.steps\[0\]: the step has no bound; give it a timeout/,
    ],
    [
      work('{ stop: { nodes: [srv-2] }, timeout: 1s }'),
      /^f:10: .*: there is no node srv-2 in the inventory; did you mean srv-1\?/,
    ],
    [work('{ hook: cordon, timeout: 1s }'), /^f:10: .*cordon/],
    [work('{ wake: { nodes: [srv-1] }, timeout: 1s }'), /^f:10: .*MAC/],
    [work('{ poweroff: { nodes: [nas] }, timeout: 1m }'), /^f:10: .*srv-1/],
    [
      `${nodes}sequences:\n  work: { stages: [{ name: a }] }\n`,
      /^f:6: sequences\.work\.stages\[0\]: stage a has no steps/,
    ],
    [`${nodes}sequences:\n  work: { stages: [] }\n`, /^f:6: sequences\.work: work has no stages/],
    [
      'inventory:\n  - { name: a, depends_on: [b] }\n  - { name: b, depends_on: [a] }\n',
      /^f:2: inventory\[0\]: dependencies go in a circle: a → b → a/,
    ],
  ];
  for (const [text, expected] of cases) {
    const found = refusal(text);
    t.match(found[0], expected, expected.source);
    t.equal(new Set(found).size, found.length, 'each once, although two modes have it');
  }
});

t.test('all errors of all plans at once', async (t) => {
  const stages = (node: string) =>
    `{ stages: [{ name: a, steps: [{ stop: { nodes: [${node}] }, timeout: 1s }] }] }`;
  const found = refusal(`${nodes}sequences:\n  b: ${stages('x-1')}\n  a: ${stages('x-2')}\n`);
  t.match(found, [/^f:6: sequences\.b.*x-1/, /^f:7: sequences\.a.*x-2/]);
});

t.test('what may work is warned of', async (t) => {
  const text = work('{ stop: { nodes: ["role:agent", srv-1] }, timeout: 1s }');
  t.match(refusal(text), [
    'sound',
    /^f:10: sequences\.work\.stages\[0\]\.steps\[0\]: role:agent means no node/,
  ]);
  t.match(planFindings(config(text)), [{ isError: false, line: 10 }]);
});

t.test('what mode cluster-only leaves out is nothing to warn of', async (t) => {
  t.strictSame(refusal(work('{ poweroff: { nodes: [srv-1] }, timeout: 3m }')), ['sound']);
});

t.test('what is built in has no line', async (t) => {
  const finding = { isError: true, key: 'sequences.shutdown', line: 0, message: 'it cannot be', remedy: '' };
  t.equal(formatPlanFinding('f', finding), 'f: sequences.shutdown (built in): it cannot be');
});

t.test('the example that comes with the program', async (t) => {
  const file = join(repository, 'packaging/examples/hecate.yaml');
  const { inventory, sequences, runs } = config(readFileSync(file, 'utf8'));
  const roles = inventory.nodes.map(({ role }) => role).sort();
  t.strictSame(roles, ['agent', 'agent', 'coordinator', 'server', 'server', 'server', 'storage']);
  t.equal(inventory.coordinator, 'titan');
  t.strictSame(
    sequences.map(({ name }) => name),
    ['restart-workers'],
  );
  t.equal(runs.notifications.length, 1);
  t.strictSame(
    planFindings({ inventory, sequences }),
    [],
    'nothing to find in its plans, and the built-in ones',
  );
});

t.test('hecate-manager --check', async (t) => {
  const file = join(t.testdir(), 'hecate.yaml');
  const check = (text: string) => {
    writeFileSync(file, text);
    return execute([process.execPath, join(repository, 'manager/src/main.ts'), '--check', '--config', file]);
  };
  const refused = await check(work('stop: { nodes: [srv-1] }'));
  t.equal(refused.exitCode, 2);
  t.match(refused.stderr, `${file}:10: sequences.work.stages[0].steps[0]: the step has no bound`);
  t.equal(refused.stdout, '');
  const warned = await check(work('{ stop: { nodes: ["role:agent", srv-1] }, timeout: 1s }'));
  t.equal(warned.exitCode, 0);
  t.match(warned.stderr, `warning: ${file}:10: `);
  t.match(warned.stdout, `${file} is valid: site home`);
});

t.test('forwarding without a UPS', async (t) => {
  const forward = 'forward: { to: ["titan:2020"], identity: /peer }';
  t.same(refusal(`power: { ${forward} }`), [
    'sound',
    'f: power.forward: no UPS is declared beside it: nothing is ever forwarded; declare the UPS in power.upses',
  ]);
  t.same(refusal(`power: { upses: [{ name: a, ups: "ups@127.0.0.1" }], ${forward} }`), ['sound']);
});

t.test('a coordinator that stays up, and is no node', async (t) => {
  const text = (role: string) =>
    `power: { coordinator: stays-up }\ninventory: [{ name: a, role: ${role} }]\n`;
  const told = refusal(text('server')).filter((line) => line.includes('stays-up'));
  t.same(told, [
    'f: power.coordinator: stays-up does nothing: no node of the inventory has the role coordinator; give that role to the node that the manager runs on, or take stays-up away',
  ]);
  t.same(refusal(text('coordinator')), ['sound']);
});
