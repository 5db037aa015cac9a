import { unitTypes } from '@hecate/proto/core/unit-name.ts';
import type { UnitState } from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { nodeArgument, optional, unitsArgument } from '../core/command-definition.ts';
import { singleNode } from '../core/selection.ts';
import { type Cell, type Column, cell } from '../core/table.ts';
import { listUnits, type NodeUnits } from '../list-units.ts';
import { unitJson } from '../output/fleet-json.ts';
import { activeTone } from '../output/state-tone.ts';

const columns: readonly Column[] = [
  { title: 'NODE' },
  { title: 'UNIT' },
  { title: 'LOAD' },
  { title: 'ACTIVE' },
  { title: 'SUB' },
  { title: 'JOB' },
  { title: 'DESCRIPTION', isFlexible: true },
];

const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function row(node: string, unit: UnitState, isStale: boolean): Cell[] {
  const active = isStale ? 'unknown' : unit.activeState;
  return [
    cell(node),
    cell(unit.name),
    cell(unit.loadState, unit.loadState === 'loaded' ? 'plain' : 'bad'),
    cell(active, activeTone(active)),
    cell(isStale ? 'unknown' : unit.subState),
    cell(unit.jobId === 0 ? '-' : unit.jobType),
    cell(unit.description),
  ];
}

function print(context: Context, found: readonly NodeUnits[]): void {
  const { out } = context;
  if (out.isJson) {
    out.json(found.flatMap(({ node, units, isStale }) => units.map((unit) => unitJson(node, unit, isStale))));
    return;
  }
  const rows = found.flatMap(({ node, units, isStale }) => units.map((unit) => row(node, unit, isStale)));
  out.table(columns, rows);
  const silent = found.filter(({ isStale }) => isStale).map(({ node }) => node);
  if (silent.length > 0) {
    out.note(`unknown, because not heard now: ${silent.join(', ')} (hecatectl doctor ${silent[0]})`);
  }
  if (rows.length === 0 && silent.length < found.length) {
    out.note('0 loaded units listed: none matches');
  } else if (out.isTerminal && out.style.hasLegend) {
    out.note(`${counted(rows.length, 'unit')} on ${counted(found.length, 'node')}`);
  }
}

export const command: Command = {
  definition: {
    name: 'list-units',
    group: 'look',
    summary: 'list the loaded units of nodes',
    description: [
      'Lists units out of the memory of the manager, which every agent keeps current; no node is asked. Without filters, units that are inactive are left out, as systemctl does.',
      'Here --all means inactive units too, as with systemctl; every node is listed anyway when NODE is left out.',
    ],
    arguments: [
      optional(nodeArgument),
      { ...optional(unitsArgument), description: 'only these units: names or patterns' },
    ],
    options: [
      { long: 'all', short: 'a', description: 'units that are inactive, too' },
      {
        long: 'state',
        valueName: 'STATE',
        isRepeatable: true,
        description: 'only units whose load, active or sub state is one of these, like failed or running',
      },
      {
        long: 'type',
        valueName: 'TYPE',
        isRepeatable: true,
        description: 'only units of these types',
        choices: unitTypes,
      },
    ],
    examples: [
      { command: 'hecatectl list-units --state failed', explanation: 'what has failed anywhere' },
      {
        command: "hecatectl list-units node-a 'k3s*' --all",
        explanation: 'the units of k3s on node-a, inactive ones too',
      },
      { command: 'hecatectl list-units --type timer', explanation: 'the timers of every node' },
    ],
    exits: ['notFound', 'offline'],
    schema: 'units',
  },
  run: async (context) => {
    const { invocation } = context;
    const nodes = context.nodes;
    const found = await listUnits(context, {
      nodes,
      patterns: invocation.operands('UNIT').length > 0 ? context.units : [],
      states: invocation.texts('state'),
      types: invocation.texts('type'),
      inactiveToo: invocation.flag('all'),
    });
    print(context, found);
    // Who asked for one node and hears that it is silent did not get what was asked for.
    const isSilent = singleNode(nodes) !== undefined && found.some(({ isStale }) => isStale);
    return isSilent ? 'offline' : 'success';
  },
};
