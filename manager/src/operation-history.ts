/** The last operations that are over, for `hecatectl operation ID`. Bounded (I14); the audit log has them all. */
import type { OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { OperationRequest } from './core/operations.ts';

const operationsMax = 2000;

export interface PastOperation {
  readonly request: OperationRequest;
  readonly outcome: OperationOutcome;
}

export class OperationHistory {
  readonly #operations = new Map<OpId, PastOperation>();

  add(operation: PastOperation): void {
    this.#operations.set(operation.request.opId, operation);
    if (this.#operations.size <= operationsMax) return;
    const [oldest] = this.#operations.keys();
    if (oldest) this.#operations.delete(oldest);
  }

  /** Oldest first. */
  all(): Iterable<PastOperation> {
    return this.#operations.values();
  }

  get(opId: OpId): PastOperation | undefined {
    return this.#operations.get(opId);
  }
}
