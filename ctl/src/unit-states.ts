/** What is-active and is-failed ask: the state of units on nodes, never guessed (I12). */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import { isGlob } from '@hecate/proto/core/glob.ts';
import type { Command, Context } from './context.ts';
import {
  allNodesOption,
  type CommandDefinition,
  nodeArgument,
  unitsArgument,
} from './core/command-definition.ts';
import { worstExit } from './core/exit-status.ts';
import { cell } from './core/table.ts';
import { listUnits } from './list-units.ts';
import { activeTone } from './output/state-tone.ts';
import { failuresJson, forEachUnit, type ReadResult, readNodes } from './read-nodes.ts';

interface KnownState {
  readonly node: string;
  readonly unit: string;
  /** As asked for; `unit` may be the name that an alias stands for. */
  readonly state: string;
  readonly isFound: boolean;
}

/** A plain name that is not loaded under that name: the node knows aliases, and whether there is such a unit. */
function askNodes(
  context: Context,
  missing: ReadonlyMap<string, string[]>,
  states: KnownState[],
): Promise<ReadResult> {
  const targets = [...missing].map(([unit, on]) => ({ unit, nodes: { patterns: on, all: false } }));
  return forEachUnit(targets, (unit, nodes) =>
    readNodes(
      context,
      { case: 'unitStatus', value: { unit, logLines: 0 } },
      (node, reading) => {
        if (reading.case !== 'result' || reading.value.result.case !== 'unitStatus') return;
        const { state } = reading.value.result.value;
        const isFound = state !== undefined && state.loadState !== 'not-found';
        states.push({ node, unit, state: state?.activeState || 'inactive', isFound });
      },
      { nodes, unit },
    ),
  );
}

async function readStates(context: Context): Promise<{ states: KnownState[]; result: ReadResult }> {
  const patterns = context.units;
  const found = await listUnits(context, { nodes: context.nodes, patterns, inactiveToo: true });
  const states: KnownState[] = [];
  const missing = new Map<string, string[]>();
  for (const { node, units, isStale } of found) {
    for (const { name, activeState, loadState } of units) {
      const state = isStale ? 'unknown' : activeState;
      states.push({ node, unit: name, state, isFound: loadState !== 'not-found' });
    }
    for (const name of patterns.filter((pattern) => !isGlob(pattern))) {
      if (units.some((unit) => unit.name === name)) continue;
      if (isStale) states.push({ node, unit: name, state: 'unknown', isFound: true });
      else missing.set(name, [...(missing.get(name) ?? []), node]);
    }
  }
  const result = await askNodes(context, missing, states);
  if (states.length === 0 && result.failures.length === 0) {
    throw new HecateError(
      'HEC_NOTHING_MATCHED',
      'no loaded unit matches',
      'hecatectl list-units --all shows them',
    );
  }
  states.sort((a, b) => a.node.localeCompare(b.node) || a.unit.localeCompare(b.unit));
  return { states, result };
}

function exitOf({ state, isFound }: KnownState, wanted: readonly string[]): ExitName {
  if (state === 'unknown') return 'offline';
  if (wanted.includes(state)) return 'success';
  return isFound ? 'negative' : 'notFound';
}

/** One plain answer for one unit of one node, a table otherwise. */
function print(context: Context, { states, result }: { states: KnownState[]; result: ReadResult }): void {
  const { out } = context;
  if (out.isJson) {
    const known = states.map(({ node, unit, state, isFound }) => ({ node, unit, state, is_found: isFound }));
    out.json([...known, ...failuresJson(result)]);
  } else if (out.style.isQuiet) return;
  else if (states.length === 1 && states[0])
    out.line(out.paint(states[0].state, activeTone(states[0].state)));
  else {
    const rows = states.map(({ node, unit, state }) => [
      cell(node),
      cell(unit),
      cell(state, activeTone(state)),
    ]);
    out.table([{ title: 'NODE' }, { title: 'UNIT' }, { title: 'STATE' }], rows);
  }
}

export function stateCommand(words: {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly wanted: readonly string[];
  readonly examples: CommandDefinition['examples'];
}): Command {
  return {
    definition: {
      name: words.name,
      group: 'look',
      summary: words.summary,
      description: [
        words.description,
        'One unit on one node prints its state and nothing else, as systemctl does; several print a table, and the exit status is that of the worst (systemctl is content with one of them). A node that is offline answers "unknown" with its own exit status, never "inactive".',
      ],
      arguments: [nodeArgument, unitsArgument],
      options: [allNodesOption],
      examples: words.examples,
      exits: ['negative', 'notFound', 'offline'],
      schema: 'states',
    },
    run: async (context) => {
      const found = await readStates(context);
      print(context, found);
      return worstExit([found.result.exit, ...found.states.map((state) => exitOf(state, words.wanted))]);
    },
  };
}
