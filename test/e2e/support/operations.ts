/** Operations as a person at a shell sees them: hecatectl's answer, and what the manager knows of it later. */
import { until } from '../../nodes/until.ts';
import type { Site } from '../../site/site.ts';

/** What hecatectl itself may take beside the time limit of a request, on a machine that is busy with other tests. */
export const answerRoomMs = 5000;

/** An outcome as `-o json` gives it (ctl/schema/outcomes.json), as far as these tests read it. */
export interface OutcomeJson {
  status: string;
  op_id: string;
  result: string | null;
  code: string | null;
  message: string | null;
  duration_ms: number;
  is_inferred: boolean;
  evidence: { active_state: string | null; result: string | null } | null;
}

/** hecatectl's whole answer to one verb on one unit of one node. */
export interface Answer extends OutcomeJson {
  exitCode: number;
  /** From the start of hecatectl to its end. */
  tookMs: number;
  stderr: string;
}

/** @throws what hecatectl said when it printed no outcome */
export async function operate(site: Site, ...args: string[]): Promise<Answer> {
  const beganMs = performance.now();
  const { exitCode, stdout, stderr } = await site.manager.ctl([...args, '-o', 'json']);
  const tookMs = performance.now() - beganMs;
  const outcomes = stdout.trim() === '' ? [] : (JSON.parse(stdout) as OutcomeJson[]);
  const [outcome] = outcomes;
  if (outcomes.length !== 1 || !outcome)
    throw new Error(
      `hecatectl ${args.join(' ')} gave ${outcomes.length} outcomes, exit ${exitCode}: ${stderr}`,
    );
  return { ...outcome, exitCode, tookMs, stderr };
}

/** What `hecatectl operation ID` says. */
export interface KnownOperation {
  exitCode: number;
  is_in_flight: boolean;
  outcome: OutcomeJson | null;
}

export async function operation(site: Site, opId: string): Promise<KnownOperation> {
  const { exitCode, stdout, stderr } = await site.manager.ctl(['operation', opId, '-o', 'json']);
  if (stdout.trim() === '') throw new Error(`hecatectl operation ${opId} ended with ${exitCode}: ${stderr}`);
  return { ...(JSON.parse(stdout) as Omit<KnownOperation, 'exitCode'>), exitCode };
}

const isOver = ({ outcome }: KnownOperation): boolean =>
  outcome !== null && !['unknown', 'timeout'].includes(outcome.status);

/** Waits for the last word on an operation that was told as unknown or as a timeout. */
export function finalOutcome(site: Site, opId: string): Promise<OutcomeJson & { exitCode: number }> {
  return until(
    async () => {
      const known = await operation(site, opId);
      return isOver(known) && known.outcome ? { ...known.outcome, exitCode: known.exitCode } : undefined;
    },
    { what: `operation ${opId} has its true outcome`, timeoutMs: 30_000, intervalMs: 100 },
  );
}

/** Waits until the manager says so of a node. */
export function untilConnection(site: Site, node: string, connection: string): Promise<boolean> {
  return until(async () => (await site.connections())[node] === connection, {
    what: `${node} is ${connection}`,
    timeoutMs: 30_000,
    intervalMs: 20,
  });
}
