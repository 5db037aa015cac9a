/**
 * Operations of runs that were handed over to be sent. They may wait: for the disk, for a node that is to come back, for
 * another attempt. When they are over meanwhile, or their method, or their run, they are not sent any more: a startup that a
 * shutdown has pre-empted starts nothing afterwards (I11).
 */
import type { OpId } from '@hecate/proto/core/names.ts';
import type { RunId, RunState } from '../core/runs/run.ts';
import type { RunsState } from '../core/runs/runs-state.ts';

interface Handed {
  readonly runId: RunId;
  readonly method: string;
  readonly controller: AbortController;
}

export class UnsentOperations {
  readonly #handed = new Map<OpId, Handed>();

  /** @returns aborted when nobody waits for it any more; what systemd has taken goes on */
  hand(opId: OpId, run: RunState): AbortSignal {
    const controller = new AbortController();
    this.#handed.set(opId, { runId: run.request.runId, method: methodOf(run), controller });
    return controller.signal;
  }

  ended(opId: OpId): void {
    this.#handed.delete(opId);
  }

  /** The machine has taken a step. */
  review({ runs }: RunsState): void {
    const methods = new Map<RunId, string>();
    const over = new Set<OpId>();
    for (const [runId, run] of runs) {
      methods.set(runId, methodOf(run));
      for (const { opId, phase } of run.running?.operations ?? []) if (phase === 'ended') over.add(opId);
    }
    for (const [opId, { runId, method, controller }] of this.#handed) {
      if (methods.get(runId) === method && !over.has(opId)) continue;
      this.#handed.delete(opId);
      controller.abort();
    }
  }
}

/** Which one is running, as a text; another one when it begins anew. */
function methodOf({ running, outcome }: RunState): string {
  if (!running || outcome !== undefined) return '';
  const { address, method, methodBeganAtMs } = running;
  return `${address.stage}.${address.step}/${method}/${methodBeganAtMs}`;
}
