/**
 * Dead man's orders that nodes hold and that no run here takes back: of a run that is over and forgotten, or one that
 * this manager has never heard of, because its state directory was lost, or restored as it had been before. Left alone,
 * such an order would power a host off the next time that it is cut off from its manager.
 *
 * Of a run that is known to be over it is withdrawn at once. One of an unknown run may stand for a shutdown that is
 * meant: it is told, and withdrawn when a person says so.
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createRunReport, createRunSummary, type RunReport } from '@hecate/proto/generated/wire.ts';
import type { RunId } from '../core/runs/run.ts';

export interface StrayOrdersPorts {
  /** `led`: its run sees to it itself. */
  standing(runId: RunId, node: NodeName): 'led' | 'over' | 'unknown';
  /** Asks the node once. @throws HecateError */
  withdrawOnce(runId: RunId, node: NodeName): Promise<void>;
  /** Asks it as often as is worth it. Resolves when it holds none; never, when that cannot be done in this session. */
  withdraw(runId: RunId, node: NodeName): Promise<void>;
  tell(node: NodeName, text: string): void;
}

/** Runs whose orders are withdrawn wherever they turn up, because a person has said so (I14). */
const unwantedMax = 64;

export class StrayOrders {
  readonly #ports: StrayOrdersPorts;
  /** At most one for each node. */
  readonly #held = new Map<NodeName, RunId>();
  readonly #unwanted = new Set<RunId>();

  constructor(ports: StrayOrdersPorts) {
    this.#ports = ports;
  }

  /** At the beginning of a session. @param runId whose order the node holds; empty: none's */
  hear(node: NodeName, runId: RunId | ''): void {
    this.#held.delete(node);
    if (runId === '') return;
    const standing = this.#ports.standing(runId, node);
    if (standing === 'led') return;
    this.#held.set(node, runId);
    if (standing === 'over' || this.#unwanted.has(runId))
      void this.#ports.withdraw(runId, node).then(() => this.#withdrawn(runId, node));
    else this.#ports.tell(node, sentence(node, runId));
  }

  /** A sentence for each; for the health of the site. */
  troubles(): { readonly sentences: readonly string[]; readonly remedy: string } {
    const unknown = [...this.#held].filter(
      ([node, runId]) => this.#ports.standing(runId, node) === 'unknown' && !this.#unwanted.has(runId),
    );
    const sentences = unknown.map(([node, runId]) => sentence(node, runId)).sort();
    const remedy = unknown.map(([, runId]) => runId).sort()[0];
    return { sentences, remedy: remedy === undefined ? '' : `hecatectl runs abort ${remedy}` };
  }

  /** @param prefix the first characters of an id @returns the only unknown run whose id begins so */
  find(prefix: string): RunId | undefined {
    const found = new Set(
      [...this.#held].flatMap(([node, runId]) =>
        runId.startsWith(prefix.toUpperCase()) && this.#ports.standing(runId, node) === 'unknown'
          ? [runId]
          : [],
      ),
    );
    const [only] = found;
    return prefix !== '' && found.size === 1 ? only : undefined;
  }

  /**
   * Withdraws the orders of a run that nobody leads here; of a node that cannot be asked now, when it comes back.
   * @returns what is left, as the report of a run that is over
   */
  async abort(runId: RunId, by: string): Promise<RunReport> {
    this.#unwanted.add(runId);
    const [oldest] = this.#unwanted;
    if (this.#unwanted.size > unwantedMax && oldest !== undefined) this.#unwanted.delete(oldest);
    const nodes = [...this.#held].flatMap(([node, held]) => (held === runId ? [node] : [])).sort();
    const failures = await Promise.all(nodes.map((node) => this.#withdraw(runId, node)));
    const left = nodes.flatMap((node, index) => {
      const failure = failures[index];
      return failure ? [{ node, why: `${node} still holds its dead man's order: ${failure.message}` }] : [];
    });
    return createRunReport({
      summary: createRunSummary({
        runId,
        plan: 'unknown',
        kind: 'shutdown',
        state: 'aborted',
        requestedBy: by,
        why: 'a run that this manager does not know: the orders that nodes hold of it are withdrawn',
      }),
      armed: left.map(({ node }) => node),
      degradations: left.map(({ why }) => why),
    });
  }

  #withdrawn(runId: RunId, node: NodeName): void {
    if (this.#held.get(node) === runId) this.#held.delete(node);
    this.#ports.tell(node, `the dead man's order of run ${runId} that ${node} held is withdrawn`);
  }

  async #withdraw(runId: RunId, node: NodeName): Promise<HecateError | undefined> {
    try {
      await this.#ports.withdrawOnce(runId, node);
      this.#withdrawn(runId, node);
      return undefined;
    } catch (thrown) {
      const error = asHecateError(thrown);
      this.#ports.tell(node, `the order of run ${runId} on ${node} is not withdrawn yet: ${error.message}`);
      return error;
    }
  }
}

const sentence = (node: NodeName, runId: RunId): string =>
  `${node} holds the dead man's order of run ${runId}, which this manager does not know: cut off from its manager, the host would power itself off`;
