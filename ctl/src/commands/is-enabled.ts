import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument, unitsArgument } from '../core/command-definition.ts';
import { worstExit } from '../core/exit-status.ts';
import { cell } from '../core/table.ts';
import { exitOfUnitFileState } from '../core/unit-file-states.ts';
import { expandUnits, failuresJson, forEachUnit, readNodes } from '../read-nodes.ts';

export const command: Command = {
  definition: {
    name: 'is-enabled',
    group: 'files',
    summary: 'ask whether units start at boot',
    description: [
      'Prints the state of unit files, with the words and the verdicts of systemctl is-enabled: enabled, enabled-runtime, static, alias, indirect, generated and transient are a yes.',
      'One unit on one node prints its state and nothing else; several print a table, and the exit status is that of the worst.',
    ],
    arguments: [nodeArgument, unitsArgument],
    options: [allNodesOption],
    examples: [{ command: 'hecatectl is-enabled --all k3s', explanation: 'on every node' }],
    exits: ['negative', 'notFound', 'offline', 'failed', 'timeout'],
    schema: 'states',
  },
  run: async (context) => {
    const { out } = context;
    const states: { node: string; unit: string; state: string }[] = [];
    const result = await forEachUnit(await expandUnits(context, context.units), (unit, nodes) =>
      readNodes(
        context,
        { case: 'unitFileStates', value: { units: [unit] } },
        (node, reading) => {
          if (reading.case !== 'result' || reading.value.result.case !== 'unitFileStates') return;
          const entries = reading.value.result.value.entries;
          states.push(
            ...entries.map((entry) => ({ node, unit: entry.unit, state: entry.state || 'not-found' })),
          );
        },
        { nodes, unit },
      ),
    );
    states.sort((a, b) => a.node.localeCompare(b.node) || a.unit.localeCompare(b.unit));
    if (out.isJson) {
      const known = states.map((each) => ({ ...each, is_found: each.state !== 'not-found' }));
      out.json([...known, ...failuresJson(result)]);
    } else if (!out.style.isQuiet) {
      if (states.length === 1 && states[0]) out.line(states[0].state);
      else if (states.length > 1) {
        const rows = states.map(({ node, unit, state }) => [cell(node), cell(unit), cell(state)]);
        out.table([{ title: 'NODE' }, { title: 'UNIT' }, { title: 'STATE' }], rows);
      }
    }
    return worstExit([result.exit, ...states.map(({ state }) => exitOfUnitFileState(state))]);
  },
};
