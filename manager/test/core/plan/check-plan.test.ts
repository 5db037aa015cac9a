import t from 'tap';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import type {
  ActionDeclaration,
  SequenceDeclaration,
  StepDeclaration,
} from '../../../src/core/plan/sequence.ts';
import {
  clusterInventory,
  gate,
  inventoryOf,
  names,
  node,
  place,
  poweroff,
  sequence,
  stage,
  step,
  stop,
} from './support/plan-fixtures.ts';
import { findingText } from './support/plan-text.ts';

const found = (declared: SequenceDeclaration, inventory: Inventory = clusterInventory()) =>
  compilePlan({ inventory, sequence: declared, mode: 'poweroff' }).findings.map(findingText);

/** Each step in a stage of its own, at lines 11, 12 … */
const inOrder = (...actions: (ActionDeclaration | StepDeclaration)[]): SequenceDeclaration =>
  sequence(
    actions.map((action, index) => {
      const declared = 'action' in action ? action : step(action);
      return stage(`s${index + 1}`, { ...declared, place: place(11 + index) });
    }),
  );

const exec = (...nodes: string[]): ActionDeclaration => ({ type: 'exec', nodes, argv: ['sync'] });

t.test('a node that is off: operations, commands, gates', async (t) => {
  const off = poweroff('agent-1');
  const active = { type: 'unit', nodes: ['role:agent'], units: 'of-node', states: ['active'] } as const;
  const online = { type: 'node', nodes: ['agent-1'], state: 'online' } as const;
  t.same(found(inOrder(off, stop(['agent-1']))), [
    'error 12: stop k3s-agent.service is for agent-1, but it was powered off before',
  ]);
  t.same(found(inOrder(off, exec('role:agent'))), [
    'error 12: exec is for agent-1, but it was powered off before',
  ]);
  t.same(found(inOrder(off, gate(online, 'back'))), [
    'error 12: the gate "back" waits until agent-1 is online, but it was powered off before',
  ]);
  t.same(found(inOrder(off, gate(active, 'runs'))), [
    'error 12: the gate "runs" waits until agent-1: k3s-agent.service is active, but it was powered off before',
  ]);
  const command = { type: 'exec', nodes: ['agent-1'], argv: ['true'], exitStatus: 0 } as const;
  t.same(found(inOrder(off, gate(command, 'true'))), [
    'error 12: the gate "true" waits until agent-1: true ends with 0, but it was powered off before',
  ]);
});

t.test('a gate that can hold without the node that is off is no error', async (t) => {
  const off = poweroff('agent-1');
  const unit = { type: 'unit', nodes: ['role:agent'], units: 'of-node', states: ['inactive'] } as const;
  const gone = { type: 'node', nodes: ['agent-1'], state: 'powered-off' } as const;
  t.same(found(inOrder(off, gate({ type: 'any', of: [unit, gone] }))), []);
  t.same(found(inOrder(off, gate({ type: 'at-least', count: 1, of: [unit] }))), []);
  t.same(found(inOrder(off, gate(gone))), []);
  t.equal(found(inOrder(off, gate({ type: 'at-least', count: 2, of: [unit] }))).length, 1);
});

t.test('a node that was woken again is no more off', async (t) => {
  const wake = { type: 'wake', nodes: ['agent-1'] } as const;
  t.same(found(inOrder(poweroff('agent-1'), wake, stop(['agent-1']))), []);
});

t.test('what is tried when a host does not go off may act on it', async (t) => {
  const again = step(poweroff('agent-1'), { escalation: [exec('agent-1')] });
  t.same(found(inOrder(again)), []);
  t.same(found(inOrder(step(poweroff('agent-1'), { escalation: [exec('agent-1')] }), exec('agent-1'))), [
    'error 12: exec is for agent-1, but it was powered off before',
  ]);
});

t.test('one look for powered off is a warning', async (t) => {
  const gone = { type: 'node', nodes: ['agent-1'], state: 'powered-off' } as const;
  t.same(found(inOrder(gate(gone, 'gone', 1))), [
    'warning 11: the gate "gone" takes one look for "powered off"',
  ]);
  t.same(found(inOrder(gate(gone, 'gone', 2))), []);
});

t.test('a step without a bound', async (t) => {
  t.same(found(inOrder(step(stop(['nas'], 'x.service'), { timeoutMs: undefined }))), [
    'error 11: the step has no bound',
  ]);
  t.same(found(inOrder({ ...step({ type: 'wait', durationMs: 10 }), timeoutMs: undefined })), []);
});

t.test('wake without a MAC address, and hooks that are not there', async (t) => {
  t.same(found(inOrder({ type: 'wake', nodes: ['nas', 'srv-1'] })), [
    'error 11: nas has no MAC address to be woken by, and no command for it',
  ]);
  const inventory: Inventory = {
    ...clusterInventory(),
    hooks: [{ name: 'cordon', argv: ['/bin/true'], isRepeatable: false, place: place(2) }],
  };
  const { findings } = compilePlan({
    inventory,
    sequence: inOrder({ type: 'hook', hook: 'cordn' }),
    mode: 'poweroff',
  });
  t.same(findings.map(findingText), ['error 11: there is no hook cordn']);
  t.match(findings[0]?.remedy, /did you mean cordon\?/);
});

t.test('gates on nothing', async (t) => {
  const nobody = inventoryOf([node('a', 'other', { units: ['x.service'] })]);
  const command = { type: 'exec', nodes: ['role:server'], argv: ['true'], exitStatus: 0 } as const;
  t.same(found(inOrder(stop(['a']), gate(command, 'quorum')), nobody), [
    'error 12: a gate runs true on no node',
    'warning 12: role:server means no node of the inventory',
    'warning 12: the gate "quorum" looks at nothing and is left out',
  ]);
  const units = { type: 'unit', nodes: ['role:server'], units: 'of-node', states: ['active'] } as const;
  t.match(found(inOrder(gate({ type: 'any', of: [units] })), nobody), [
    'error 11: any of nothing never holds',
  ]);
});

t.test('at least more than there are', async (t) => {
  const units = { type: 'unit', nodes: ['role:server'], units: 'of-node', states: ['active'] } as const;
  t.same(found(inOrder(gate({ type: 'at-least', count: 4, of: [units] }))), [
    'error 11: at least 4 of 3: expected 1 to 3',
  ]);
  t.same(found(inOrder(gate({ type: 'at-least', count: 0, of: [units] }))), [
    'error 11: at least 0 of 3: expected 1 to 3',
  ]);
  t.same(found(inOrder(gate({ type: 'at-least', count: 3, of: [units] }))), []);
});

t.test('names that are there twice, and what is empty', async (t) => {
  const twice = sequence([
    stage('x', step(stop(['nas']), { name: 'a' }), step(stop(['nas']), { name: 'a' })),
    stage('x', step(stop(['nas']))),
  ]);
  t.same(found(twice), ['error 9: there are two stages x', 'error 10: there are two steps a']);
  t.same(found(sequence([])), ['error 8: sequence has no stages']);
  t.same(found(sequence([stage('x', step(stop(['nas']))), stage('y')])), ['error 9: stage y has no steps']);
  const nodes = [...clusterInventory().nodes, node('nas', 'storage')];
  t.same(found(inOrder(stop(['agent-1'])), inventoryOf(nodes)), ['error 1: there are two nodes nas']);
});

t.test('verbs and units that end a host behind the back of the plan', async (t) => {
  const start = { ...stop(['nas'], 'poweroff.target'), verb: 'start' as const };
  t.same(found(inOrder(start)), ['error 11: start poweroff.target ends or suspends the host unseen']);
  t.same(found(inOrder({ ...stop(['agent-1'], 'x.service'), verb: 'poweroff' })), [
    'error 11: poweroff is not a verb on units',
  ]);
});

t.test('cycles, with their path', async (t) => {
  const inventory = inventoryOf([
    node('a', 'other', { dependsOn: names('b') }),
    node('b', 'other', { dependsOn: names('c') }),
    node('c', 'other', { dependsOn: names('a'), units: ['x.service'] }),
  ]);
  t.same(found(inOrder(stop(['c'])), inventory), ['error 1: dependencies go in a circle: a → b → c → a']);
});
