import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument, unitsArgument } from '../core/command-definition.ts';
import { cell } from '../core/table.ts';
import { unitJson } from '../output/fleet-json.ts';
import { activeTone } from '../output/state-tone.ts';

const waitTimeLimitMs = 90_000;
const states = ['active', 'inactive', 'failed', 'activating', 'deactivating', 'reloading'] as const;

export const command: Command = {
  definition: {
    name: 'wait',
    group: 'look',
    summary: 'wait until units are in a state',
    description: [
      'Waits until every one of the units on every one of the nodes is in the state that --for names, and then ends with success. When --timeout (90s if not given) is over, it prints what the states were last, and ends with the status of a time limit. A node that is offline counts as unknown: it is waited for, too.',
    ],
    arguments: [nodeArgument, unitsArgument],
    options: [
      allNodesOption,
      {
        long: 'for',
        valueName: 'STATE',
        description: 'the active state to wait for; active when not given',
        choices: states,
      },
    ],
    examples: [
      {
        command: 'hecatectl wait --all k3s --for active --timeout 5min',
        explanation: 'until k3s.service is active on every node, five minutes at most',
      },
    ],
    exits: ['notFound', 'offline', 'timeout'],
    schema: 'wait',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const wanted = invocation.text('for') ?? 'active';
    const timeLimitMs = context.timeLimitMs(waitTimeLimitMs);
    const value = { nodes: context.nodes, units: context.units, activeState: wanted, timeLimitMs };
    const result = await context.ask(
      'waitResult',
      { case: 'waitUnits', value },
      { timeLimitMs, isLimitedByManager: true },
    );
    const known = result.last.flatMap(({ node, units, stale }) =>
      units.map((unit) => ({ node, unit, stale })),
    );
    if (out.isJson) {
      const units = known.map(({ node, unit, stale }) => unitJson(node, unit, stale));
      out.json({ is_reached: result.reached, wanted, units });
    } else if (!result.reached) {
      out.error(`hecatectl: not ${wanted} within ${formatDuration(timeLimitMs)} (HEC_TIMEOUT)`);
      out.table(
        [{ title: 'NODE' }, { title: 'UNIT' }, { title: 'ACTIVE' }, { title: 'SUB' }],
        known.map(({ node, unit, stale }) => {
          const active = stale ? 'unknown' : unit.activeState;
          return [
            cell(node),
            cell(unit.name),
            cell(active, activeTone(active)),
            cell(stale ? 'unknown' : unit.subState),
          ];
        }),
      );
    }
    return result.reached ? 'success' : 'timeout';
  },
};
