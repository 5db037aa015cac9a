/** docs/runs.md: written by hand, but for its tables, which are what the code makes of the example configuration. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseConfig } from '../../manager/src/config/load-config.ts';
import { boundOf, expectedOf, keptSteps, rungsOf, stepBoundMs } from '../../manager/src/core/plan/bounds.ts';
import { compilePlan } from '../../manager/src/core/plan/compile-plan.ts';
import { deadManParts } from '../../manager/src/core/plan/dead-man-parts.ts';
import { sequencesOf } from '../../manager/src/core/plan/default-sequences.ts';
import { dependenciesOf } from '../../manager/src/core/plan/dependencies.ts';
import type { Action, NodePart, OnFailure, Plan, PlanMode, Step } from '../../manager/src/core/plan/plan.ts';
import { formatList, formatSeconds } from '../../manager/src/core/plan/plan-words.ts';
import { fillTables, root, row } from './fill-tables.ts';
import { takeOverRows } from './take-over-rows.ts';

const example = 'packaging/examples/hecate.yaml';

function exampleConfig() {
  const parsed = parseConfig(readFileSync(resolve(root, example), 'utf8'), 'titan');
  if ('config' in parsed) return parsed.config;
  throw new Error(`${example} is not valid`);
}

const config = exampleConfig();

/** @throws unless the example has such a plan */
function examplePlan(name: string, mode: PlanMode = 'poweroff'): Plan {
  const { inventory, sequences } = config;
  const sequence = sequencesOf(inventory, sequences).find((each) => each.name === name);
  const plan = sequence && compilePlan({ inventory, sequence, mode }).plan;
  if (plan) return plan;
  throw new Error(`${example} has no plan ${name}`);
}

const onFailureWords: Readonly<Record<OnFailure, string>> = {
  abort: 'the run ends',
  continue: 'it goes on',
  retry: 'tried again',
};

/** `kill`, `gate`. */
const methodWord = (method: Action): string =>
  method.type === 'operations' ? (method.operations[0]?.verb ?? method.type) : method.type;

function stepRow(step: Step): string {
  const { id, name, methods, expectedMs, onFailure } = step;
  const isGate = methods[0]?.type === 'gate';
  const next = methods.slice(1).map((method) => `then ${methodWord(method)}; `);
  const end = `${next.join('')}${onFailureWords[onFailure]}`;
  return row(
    id,
    isGate ? `gate: ${name}` : name,
    formatSeconds(expectedMs),
    formatSeconds(stepBoundMs(step, 'full')),
    end,
  );
}

const planRows = (name: string): string =>
  [
    row('', '', 'expected', 'at most', 'when it fails'),
    '|---|---|---|---|---|',
    ...examplePlan(name).stages.flatMap(({ name: stage, steps }, index) => [
      row(`**${index + 1}**`, `**${stage}**`, '', '', ''),
      ...steps.map(stepRow),
    ]),
  ].join('\n');

function rungRows(): string {
  const plan = examplePlan('shutdown');
  const rows = rungsOf(plan).map((rung) =>
    row(
      `\`${rung}\``,
      String(keptSteps(plan, rung).length),
      formatSeconds(expectedOf(plan, {}, rung)),
      formatSeconds(boundOf(plan, rung)),
    ),
  );
  return [row('rung', 'steps', 'expected', 'at most'), '|---|---|---|---|', ...rows].join('\n');
}

/** "stop k3s.service, SIGTERM to kubepods.slice, poweroff" */
const operationsText = ({ operations }: NodePart): string =>
  operations
    .map(({ verb, unit }) => (verb === 'kill' ? `signal to ${unit}` : `${verb} ${unit}`.trimEnd()))
    .join(', ');

/** Nodes whose orders are the same share a row. */
function orderRows(): string {
  const plan = examplePlan('shutdown');
  const dependencies = dependenciesOf(config.inventory);
  const panic = deadManParts({ plan, dependencies, coordinator: plan.coordinator }, 'panic');
  const startOf = (part: NodePart): string => formatSeconds(part.beginsAfterMs);
  const panicOf = (node: string): string => {
    const part = panic.find((each) => each.node === node);
    return part ? startOf(part) : 'as at `full`';
  };
  const groups = Map.groupBy(plan.parts, (part) =>
    row(operationsText(part), startOf(part), panicOf(part.node)),
  );
  const rows = [...groups]
    .sort(([, one], [, other]) => (one[0]?.beginsAfterMs ?? 0) - (other[0]?.beginsAfterMs ?? 0))
    .map(([cells, parts]) => `| ${formatList(parts.map(({ node }) => node))} ${cells}`);
  return [
    row('node', 'does alone', 'not before, at `full`', 'not before, at `panic`'),
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

export const runsPage = (): string =>
  fillTables('docs/runs.md', {
    shutdown: () => planRows('shutdown'),
    startup: () => planRows('startup'),
    rungs: rungRows,
    orders: orderRows,
    takeover: () =>
      takeOverRows({
        startup: examplePlan('startup'),
        sequence: examplePlan('restart-workers'),
        clusterOnly: examplePlan('shutdown', 'cluster-only'),
        poweroff: examplePlan('shutdown'),
      }),
  });
