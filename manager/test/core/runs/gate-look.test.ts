import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import type { Leaf } from '../../../src/core/plan/gate.ts';
import { hasten, type LookingAction } from '../../../src/core/runs/gate-look.ts';
import type { Look } from '../../../src/core/runs/run.ts';
import type { RunDraft } from '../../../src/core/runs/run-draft.ts';

const a = parseNodeName('node-a');
const b = parseNodeName('node-b');
const unitOfA: Leaf = { type: 'unit', node: a, unit: 'x.service', states: ['active'] };
const nodeB = (state: 'online' | 'powered-off'): Leaf => ({
  type: 'node',
  node: b,
  state,
  address: undefined,
  probePort: 22,
});

const actionOf = (...of: Leaf[]): LookingAction => ({
  type: 'gate',
  gate: { sentence: '', condition: { type: 'all', of }, intervalMs: 60_000, consecutive: 2 },
});

/** A gate that was answered at 1000 and looks again a minute later. */
const answered: Look = {
  round: 3,
  isAsked: false,
  nextAtMs: 61_000,
  held: 0,
  details: [],
  online: [],
};

/** When it looks next, after this was noticed. */
function nextAfter(
  action: LookingAction,
  node: typeof a,
  unit: string | undefined,
  nowMs: number,
  look = answered,
) {
  let next = look;
  const draft = {
    run: { running: { look } },
    at: { nowMs, wallMs: 0 },
    note: (change: { look: Look }) => {
      next = change.look;
    },
  } as unknown as RunDraft;
  hasten(draft, action, node, unit);
  t.same({ ...next, nextAtMs: look.nextAtMs }, look, 'nothing else is changed');
  return next.nextAtMs;
}

t.test('what it waits for', async (t) => {
  const action = actionOf(unitOfA, nodeB('online'));
  t.equal(nextAfter(action, a, 'x.service', 5000), 5000, 'at once');
  t.equal(nextAfter(action, b, undefined, 5000), 5000);
  t.equal(nextAfter(action, a, 'y.service', 5000), 61_000, 'another unit');
  t.equal(nextAfter(action, b, 'x.service', 5000), 61_000, 'of another node');
  t.equal(nextAfter(action, a, undefined, 5000), 61_000);
  t.equal(
    nextAfter(actionOf(nodeB('powered-off')), b, undefined, 5000),
    61_000,
    'I12: silence is looked for',
  );
});

t.test('not more often than ten times a second, and never later', async (t) => {
  const action = actionOf(unitOfA);
  t.equal(nextAfter(action, a, 'x.service', 1001), 1100);
  t.equal(nextAfter(action, a, 'x.service', 70_000), 61_000, 'it is due already');
});

t.test('looks that must agree keep their distance', async (t) => {
  const action = actionOf(unitOfA);
  t.equal(nextAfter(action, a, 'x.service', 5000, { ...answered, held: 1 }), 61_000);
  t.equal(nextAfter(action, a, 'x.service', 5000, { ...answered, isAsked: true }), 61_000, 'it is looking');
});
