import t from 'tap';
import { compilePlan } from '../../../src/core/plan/compile-plan.ts';
import type { Inventory } from '../../../src/core/plan/inventory.ts';
import type { SequenceDeclaration, StepDeclaration } from '../../../src/core/plan/sequence.ts';
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
} from './support/plan-fixtures.ts';
import { findingText } from './support/plan-text.ts';

const found = (declared: SequenceDeclaration, inventory: Inventory = clusterInventory()) =>
  compilePlan({ inventory, sequence: declared, mode: 'poweroff' }).findings.map(findingText);

const inOrder = (...steps: StepDeclaration[]): SequenceDeclaration =>
  sequence(
    steps.map((each, index) => stage(`s${index + 1}`, { ...each, place: place(11 + index) })),
    'shutdown',
  );

const off = (...nodes: string[]): StepDeclaration => step(poweroff(...nodes));

t.test('I3: dependents first, and seen to be off', async (t) => {
  t.same(found(inOrder(off('role:agent'), off('role:server'), off('nas'), off('pi'))), []);
  t.same(found(inOrder(off('role:agent'), off('nas'))), [
    'error 12: nas is powered off while srv-1, srv-2 and srv-3 depend on it and may be up',
  ]);
  t.same(found(inOrder(off('agent-2'), off('srv-1'))), [
    'error 12: srv-1 is powered off while agent-1 depends on it and may be up',
  ]);
  t.same(found(inOrder(off('agent-1', 'agent-2', 'srv-1'))), [
    'error 11: srv-1 is powered off while agent-1 and agent-2 depend on it and may be up',
  ]);
});

t.test('I3: a gate stands for nodes that went off by other means', async (t) => {
  const gone = (nodes: string[], type: 'all' | 'any' = 'all') =>
    step(gate({ type, of: [{ type: 'node', nodes, state: 'powered-off' }] }));
  t.same(found(inOrder(gone(['role:server']), off('nas'))), []);
  t.equal(
    found(inOrder(gone(['role:server'], 'any'), off('nas'))).length,
    1,
    'any of them is not all of them',
  );
  const offline = step(gate({ type: 'node', nodes: ['role:server'], state: 'offline' }));
  t.equal(found(inOrder(offline, off('nas'))).length, 1, 'I12: offline is not off');
});

t.test('I3 at every rung: what is left out does not go off', async (t) => {
  const left = { ...off('role:server'), dropAt: 'forced' as const };
  t.same(found(inOrder(off('role:agent'), left, off('nas'))), [
    'error 13: nas is powered off while srv-1, srv-2 and srv-3 depend on it and may be up',
  ]);
});

t.test('I4: the coordinator is last', async (t) => {
  t.same(found(inOrder(off('pi'), off('role:agent'))), [
    'error 12: step 2.1 (power off agent-1 and agent-2) comes after the poweroff of the coordinator pi in stage s1',
    'error 12: step 2.2 (agent-1 and agent-2 are powered off) comes after the poweroff of the coordinator pi in stage s1',
  ]);
});

t.test('I4: the coordinator is alone', async (t) => {
  const [, alone] = found(inOrder(off('agent-1', 'pi')));
  t.equal(alone, 'error 11: the coordinator pi is powered off together with agent-1');
});

t.test('the coordinator does not reboot itself', async (t) => {
  const reboot = step({ type: 'power', verb: 'reboot', nodes: ['pi'] });
  t.same(found(inOrder(reboot)), ['error 11: the coordinator pi would reboot under its own run']);
});

t.test('nodes that stay on when the coordinator goes are told', async (t) => {
  const stop = step({ type: 'exec', nodes: ['nas'], argv: ['sync'] });
  t.same(found(inOrder(stop, off('pi'))), ['warning 12: nas stays on when the coordinator goes off']);
});

t.test('a node that the coordinator depends on cannot go off before it', async (t) => {
  const inventory = inventoryOf([
    node('pi', 'coordinator', { dependsOn: names('router') }),
    node('router', 'other'),
  ]);
  t.same(found(inOrder(off('router'), off('pi')), inventory), [
    'error 11: router is powered off while pi depends on it and may be up',
  ]);
});
