/**
 * The network between the manager and one agent, session by session, as TCP is one: frames keep their order; a cut
 * holds them, and when it ends they come late; or the session is over, and any beginning of what was held comes
 * later still, or nothing.
 */
import type { Operation, OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import type { VirtualTime } from './operations-time.ts';
import { Lane, type LaneTiming, TwoLanes } from './simulated-lane.ts';

export type ToAgent =
  | { type: 'welcome'; epoch: number }
  | { type: 'apply'; call: number; operation: Operation }
  | { type: 'resolve'; call: number; epoch: number; opIds: readonly string[] }
  | { type: 'cancel'; call: number }
  | { type: 'reports-taken'; opIds: readonly string[] }
  | { type: 'reports-refused' };

export type ToManager =
  | { type: 'heartbeat'; clockMs: number }
  | { type: 'accepted'; call: number; opId: string }
  | { type: 'outcome'; call: number; outcome: OperationOutcome }
  | { type: 'resolved'; call: number; operations: readonly ResolvedOperation[] }
  | { type: 'failure'; call: number; code: string }
  | { type: 'report'; outcomes: readonly OperationOutcome[] };

const timing: LaneTiming = { promptShare: 0.95, leftoverDelayMs: (random) => random() * 8000 };

export class SimulatedSession extends TwoLanes<ToAgent, ToManager> {
  readonly id: number;
  readonly toAgent: Lane<ToAgent>;
  readonly toManager: Lane<ToManager>;

  constructor(
    id: number,
    time: VirtualTime,
    random: () => number,
    receive: {
      atAgent: (session: SimulatedSession, frame: ToAgent) => void;
      atManager: (session: SimulatedSession, frame: ToManager) => void;
    },
  ) {
    super();
    this.id = id;
    this.toAgent = new Lane(time, random, timing, (frame) => receive.atAgent(this, frame));
    this.toManager = new Lane(time, random, timing, (frame) => receive.atManager(this, frame));
  }
}
