/**
 * The network between a manager and an agent, session by session, as a WebSocket over TCP is one: frames keep their
 * order; a cut holds them, and when it ends they come late; or the session is over, and a beginning of what was held
 * comes later still, into a newer session's time.
 */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type {
  ArmShutdown,
  Operation,
  OperationOutcome,
  ResolvedOperation,
} from '@hecate/proto/generated/wire.ts';
import type { VirtualTime } from './operations-time.ts';
import { Lane, type LaneTiming, TwoLanes } from './simulated-lane.ts';

export type ToAgent =
  | { type: 'welcome'; epoch: number; wallMs: number }
  | { type: 'apply'; call: number; operation: Operation }
  | { type: 'resolve'; call: number; epoch: number; opIds: readonly string[] }
  | { type: 'arm'; call: number; order: ArmShutdown }
  | { type: 'disarm'; call: number; runId: string; epoch: number }
  | { type: 'cancel'; call: number }
  | { type: 'reports-taken'; opIds: readonly string[] }
  | { type: 'reports-refused' };

export type ToManager =
  | { type: 'units'; units: readonly (readonly [string, string])[] }
  | { type: 'unit'; unit: string; state: string }
  | { type: 'accepted'; call: number; opId: string }
  | { type: 'outcome'; call: number; outcome: OperationOutcome }
  | { type: 'resolved'; call: number; operations: readonly ResolvedOperation[] }
  | { type: 'done'; call: number }
  | { type: 'failure'; call: number; code: ErrorCode }
  | { type: 'report'; outcomes: readonly OperationOutcome[] };

/** Soon, or much later: into a newer session's time. */
const timing: LaneTiming = {
  promptShare: 0.97,
  leftoverDelayMs: (random) => (random() < 0.4 ? random() * 20 : random() * 8000),
};

export class SimulatedSession extends TwoLanes<ToAgent, ToManager> {
  readonly id: number;
  readonly manager: number;
  readonly toAgent: Lane<ToAgent>;
  readonly toManager: Lane<ToManager>;

  constructor(
    id: number,
    manager: number,
    time: VirtualTime,
    random: () => number,
    receive: {
      atAgent: (session: SimulatedSession, frame: ToAgent) => void;
      atManager: (session: SimulatedSession, frame: ToManager) => void;
    },
  ) {
    super();
    this.id = id;
    this.manager = manager;
    this.toAgent = new Lane(time, random, timing, (frame) => receive.atAgent(this, frame));
    this.toManager = new Lane(time, random, timing, (frame) => receive.atManager(this, frame));
  }
}
