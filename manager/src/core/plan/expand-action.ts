/** One action as it is declared, over selectors, as what is carried out on nodes. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { isPowerOperation } from '@hecate/proto/core/power-units.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { createVerbOptions, type Verb } from '@hecate/proto/generated/wire.ts';
import type { StepCompilation } from './compilation.ts';
import { expandGate, nodeLeaf, waitsOnlyForPower } from './expand-condition.ts';
import { canBeWoken, type InventoryNode } from './inventory.ts';
import { unitsOf } from './node-units.ts';
import type { Action, PlannedOperation, WakeTarget } from './plan.ts';
import { formatList } from './plan-words.ts';
import type { ActionDeclaration } from './sequence.ts';

type Declared<Type> = Extract<ActionDeclaration, { readonly type: Type }>;
export type Operations = Extract<Action, { readonly type: 'operations' }>;

const wakeIntervalMs = 2000;
const notOnUnits: ReadonlySet<Verb> = new Set<Verb>(['unspecified', 'exec', 'poweroff', 'reboot']);

/** Undefined: there is nobody to act on, or nothing to do in this mode; why has been reported, where it matters. */
export function expandAction(action: ActionDeclaration, compilation: StepCompilation): Action | undefined {
  switch (action.type) {
    case 'unit':
      return filled(unitOperations(action, compilation));
    case 'exec':
      return filled(execOperations(action, compilation));
    case 'power':
      return compilation.mode === 'cluster-only' ? undefined : filled(powerOperations(action, compilation));
    case 'gate':
      return gateAction(action, compilation);
    case 'wait':
      return { type: 'wait', durationMs: action.durationMs };
    case 'wake':
      return wakeAction(compilation.select(action.nodes), compilation);
    case 'hook':
      return hookAction(action, compilation);
  }
}

const filled = (action: Operations): Operations | undefined =>
  action.operations.length > 0 ? action : undefined;

function unitOperations(action: Declared<'unit'>, compilation: StepCompilation): Operations {
  const { verb, options, successBy, isMissingUnitDone } = action;
  if (notOnUnits.has(verb)) {
    compilation.error(
      `${verb} is not a verb on units`,
      'use exec, poweroff or reboot as actions of their own',
    );
  }
  const operations = compilation
    .select(action.nodes)
    .flatMap((node) => unitNames(action, node).map((unit) => ({ node: node.name, verb, unit, options })));
  for (const { unit } of operations) {
    if (notOnUnits.has(verb) || !isPowerOperation(verb, unit)) continue;
    compilation.error(`${verb} ${unit} ends or suspends the host unseen`, 'use poweroff or reboot instead');
  }
  return { type: 'operations', operations, successBy, isMissingUnitDone };
}

function unitNames({ verb, units }: Declared<'unit'>, node: InventoryNode): readonly string[] {
  if (verb === 'daemon-reload') return [''];
  return units === 'of-node' ? unitsOf(node) : [...new Set(units)];
}

function execOperations(action: Declared<'exec'>, compilation: StepCompilation): Operations {
  if (action.argv.length === 0) compilation.error('exec runs no command', 'give it a command');
  const options = createVerbOptions({ argv: [...action.argv] });
  const operations = compilation
    .select(action.nodes)
    .map(({ name }): PlannedOperation => ({ node: name, verb: 'exec', unit: '', options }));
  return { type: 'operations', operations, successBy: 'outcome', isMissingUnitDone: false };
}

/** A gate behind it says whether a host is off; the coordinator's own is the last act, with nobody to look. */
function powerOperations(action: Declared<'power'>, compilation: StepCompilation): Operations {
  const operations = compilation
    .select(action.nodes)
    .map(({ name }): PlannedOperation => ({ node: name, verb: action.verb, unit: '', options: undefined }));
  const isOfCoordinator = operations.some(({ node }) => node === compilation.inventory.coordinator);
  const successBy = isOfCoordinator ? 'outcome' : 'gate';
  return { type: 'operations', operations, successBy, isMissingUnitDone: false };
}

function gateAction(action: Declared<'gate'>, compilation: StepCompilation): Action | undefined {
  const gate = expandGate(action.gate, compilation);
  if (gate === undefined) {
    compilation.warn(`the gate "${action.gate.sentence}" looks at nothing and is left out`, 'name nodes');
    return undefined;
  }
  if (compilation.mode === 'cluster-only' && waitsOnlyForPower(gate.condition)) return undefined;
  return { type: 'gate', gate };
}

function wakeAction(nodes: readonly InventoryNode[], compilation: StepCompilation): Action | undefined {
  const targets = nodes.flatMap((node): WakeTarget[] => {
    if (canBeWoken(node)) return [wakeTarget(node)];
    const remedy = 'give it mac_address or wake_command, or do not wake it';
    compilation.error(`${node.name} has no MAC address to be woken by, and no command for it`, remedy);
    return [];
  });
  if (targets.length === 0) return undefined;
  const gate = {
    sentence: onlineSentence(targets.map(({ node }) => node)),
    condition: { type: 'all' as const, of: nodes.map((node) => nodeLeaf(node, 'online')) },
    intervalMs: wakeIntervalMs,
    consecutive: 1,
  };
  return { type: 'wake', targets, gate };
}

const wakeTarget = ({ name, macAddress, wakeAddress, wakeCommand }: InventoryNode): WakeTarget => ({
  node: name,
  ...(macAddress === undefined ? {} : { macAddress }),
  wakeAddress,
  ...(wakeCommand === undefined ? {} : { command: wakeCommand }),
});

/** A sentence is shown in a line, and has its limit on the wire. */
const namedMax = 12;

/**
 * "srv-1 is online", "srv-1 and srv-2 are online": named, so that a waiting gate says for whom. Of very many only the
 * first: whom it still waits for is in its details.
 */
export function stateSentence(names: readonly NodeName[], state: string): string {
  const more = names.length - namedMax;
  const named = more > 0 ? [...names.slice(0, namedMax), `${more} more`] : names;
  return `${formatList(named)} ${names.length === 1 ? 'is' : 'are'} ${state}`;
}

const onlineSentence = (names: readonly NodeName[]): string => stateSentence(names, 'online');

function hookAction(action: Declared<'hook'>, compilation: StepCompilation): Action | undefined {
  const hook = compilation.inventory.hooks.find(({ name }) => name === action.hook);
  if (hook !== undefined) {
    return { type: 'hook', hook: hook.name, argv: hook.argv, isRepeatable: hook.isRepeatable };
  }
  const near = nearestWord(
    action.hook,
    compilation.inventory.hooks.map(({ name }) => name),
  );
  const hint = near === undefined ? '' : `did you mean ${near}? `;
  compilation.error(`there is no hook ${action.hook}`, `${hint}declare it under hooks`);
  return undefined;
}
