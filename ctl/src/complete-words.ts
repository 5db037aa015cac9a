/**
 * What the completion scripts ask for on every press of the tab key: the names of nodes, of units, of plans or the ids
 * of runs, one per line, and nothing at all when the manager does not answer at once.
 */
import { createGetPlan, createListRuns, createListUnits } from '@hecate/proto/generated/wire.ts';
import { managerTarget } from './core/manager-target.ts';
import { printable } from './core/printable.ts';
import { nodeSelection } from './core/selection.ts';
import { connectManager } from './io/connect.ts';
import { Output } from './io/output.ts';

const timeLimitMs = 1500;
/** A list that nobody reads to its end. */
const namesMax = 2000;
const runsMax = 50;

export async function completeWords(kind: string, node: string): Promise<void> {
  const signal = AbortSignal.timeout(timeLimitMs);
  const target = managerTarget({
    socket: undefined,
    manager: undefined,
    environmentSocket: process.env.HECATE_SOCKET,
    environmentManager: process.env.HECATE_MANAGER,
  });
  const directory = process.env.HECATE_IDENTITY ?? `${process.env.HOME ?? ''}/.config/hecate`;
  const manager = await connectManager(target, () => directory, signal);
  const names = new Set<string>();
  const options = { timeLimitMs, signal };
  if (kind === 'nodes') {
    const value = { nodes: { patterns: [], all: true } };
    const { nodes } = await manager.ask('nodes', { case: 'listNodes', value }, options);
    for (const { name } of nodes) names.add(name);
  } else if (kind === 'units') {
    const nodes = nodeSelection(node === '' || node === '*' ? [] : [node]);
    const value = createListUnits({ nodes, inactiveToo: true });
    await manager.ask(
      'done',
      { case: 'listUnits', value },
      {
        ...options,
        onItem: (item) => {
          if (item.case === 'units') for (const { name } of item.value.units) names.add(name);
        },
      },
    );
  } else if (kind === 'plans') {
    const plan = await manager.ask('plan', { case: 'getPlan', value: createGetPlan() }, options);
    for (const name of plan.names) names.add(name);
  } else if (kind === 'runs') {
    const value = createListRuns({ runsMax });
    const { runs } = await manager.ask('runs', { case: 'listRuns', value }, options);
    for (const { runId } of runs) names.add(runId);
  }
  manager.close();
  const out = new Output({ format: 'table', hasLegend: false, isQuiet: true, hasColour: false });
  for (const name of [...names].sort().slice(0, namesMax)) if (printable(name) === name) out.line(name);
  out.flush();
}
