/** Names of steps that nobody named, and the keys under which their durations are learnt. */
import type { PlannedOperation } from './plan.ts';
import { formatCommand, formatList, formatNodes, formatSeconds } from './plan-words.ts';
import { sortedNames } from './select-nodes.ts';
import type { ActionDeclaration } from './sequence.ts';

const signalNames: Readonly<Record<number, string>> = { 9: 'SIGKILL', 15: 'SIGTERM' };

function verbWords({ verb, options }: PlannedOperation): string {
  if (verb === 'poweroff') return 'power off';
  if (verb === 'exec') return `run ${formatCommand(options?.argv ?? [])} on`;
  if (verb !== 'kill') return verb;
  const signal = options?.signal || 15;
  return `send ${signalNames[signal] ?? `signal ${signal}`} to`;
}

/** "stop k3s-agent.service on 5 nodes", "power off srv-1 and srv-2". */
export function operationsSentence(operations: readonly PlannedOperation[]): string {
  const [first] = operations;
  if (first === undefined) return 'nothing';
  const nodes = formatNodes(sortedNames(operations.map(({ node }) => node)));
  const units = [...new Set(operations.map(({ unit }) => unit))].filter((unit) => unit !== '').sort();
  if (units.length === 0) return `${verbWords(first)} ${first.verb === 'daemon-reload' ? 'on ' : ''}${nodes}`;
  return `${verbWords(first)} ${units.length <= 3 ? formatList(units) : `${units.length} units`} on ${nodes}`;
}

/** What a step does in the words of its declaration: the same, however many nodes a role has by now. */
export function workOf(action: ActionDeclaration): string {
  const on = 'nodes' in action ? ` on ${action.nodes.toSorted().join(',')}` : '';
  switch (action.type) {
    case 'unit': {
      const units = action.units === 'of-node' ? 'units' : action.units.toSorted().join(',');
      const signal = action.verb === 'kill' ? ` ${action.options?.signal || 15}` : '';
      return `${action.verb}${signal} ${units}${on}`;
    }
    case 'exec':
      return `exec ${formatCommand(action.argv)}${on}`;
    case 'gate':
      return action.gate.sentence;
    case 'wait':
      return `wait ${formatSeconds(action.durationMs)}`;
    case 'wake':
      return `wake${on}`;
    case 'power':
      return `${action.verb}${on}`;
    case 'hook':
      return `hook ${action.hook}`;
  }
}
