/**
 * What a planted bug may change: wrappers around cores, disks and what runners do, in the simulator alone. The cores
 * have no switches.
 */

import type { Method } from '@hecate/proto/core/frames.ts';
import type { deadManStep } from '../../agent/src/core/dead-man.ts';
import type { OperationRecord } from '../../agent/src/core/operation-record.ts';
import type { operationsStep as agentOperationsStep } from '../../agent/src/core/operations.ts';
import type { ManagerConfig } from '../../manager/src/config/manager-config.ts';
import type { operationsStep as managerOperationsStep } from '../../manager/src/core/operations.ts';
import type { Leaf, Observation } from '../../manager/src/core/plan/gate.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { upsStep } from '../../manager/src/core/power/ups/ups.ts';
import type { UpsConfig } from '../../manager/src/core/power/ups/ups-config.ts';
import type { RunRequest } from '../../manager/src/core/runs/run.ts';
import type { openRuns, runsStep } from '../../manager/src/core/runs/runs.ts';
import type { DiskFaults } from './runs-disk.ts';

export interface Mutation {
  readonly disk?: DiskFaults;
  readonly runsStep?: (step: typeof runsStep) => typeof runsStep;
  readonly openRuns?: (open: typeof openRuns) => typeof openRuns;
  readonly managerOperationsStep?: (step: typeof managerOperationsStep) => typeof managerOperationsStep;
  readonly agentOperationsStep?: (step: typeof agentOperationsStep) => typeof agentOperationsStep;
  readonly deadManStep?: (step: typeof deadManStep) => typeof deadManStep;
  /** What the agent finds in its journal at a start. */
  readonly agentJournal?: (records: readonly OperationRecord[]) => readonly OperationRecord[];
  /** What a plan becomes between the compiler and the run. */
  readonly plan?: (plan: Plan) => Plan;
  readonly observation?: (leaf: Leaf, observation: Observation) => Observation;
  /** A withdrawn order is there again after a restart of the agent. */
  readonly keepsOrderFile?: boolean;
  readonly keepsIntent?: boolean;
  readonly managerEpochStays?: boolean;
  readonly agentForgetsEpoch?: boolean;
  /** A lost operation is asked for again although nobody wants it any more. */
  readonly resendsUnwanted?: boolean;
  readonly upsStep?: (step: typeof upsStep) => typeof upsStep;
  readonly upsConfig?: (config: UpsConfig) => UpsConfig;
  /** What one UPS takes back, another one that has asked for it loses. */
  readonly takesBackWanted?: boolean;
  /** After a start only those runs are looked for that are said to have begun. */
  readonly forgetsAccepted?: boolean;
  /** A UPS that has triggered, and asked for nothing yet, is good for nothing. */
  readonly countsUnasked?: boolean;
  /** power.json is never written. */
  readonly forgetsPower?: boolean;
  /** forwards.json: acknowledged before it is on the disk, or never there. */
  readonly forwardFile?: 'answers-early' | 'is-never-written';
  /** What of forwards.json is written. */
  readonly forwardText?: (text: string) => string;
  /** What a forwarding manager says, as it arrives. */
  readonly forwardMethod?: (method: Method) => Method;
  /** What the configuration of the forwarding manager is taken for. */
  readonly forwardConfig?: (config: ManagerConfig) => ManagerConfig;
  /** What is asked for when a UPS has triggered. */
  readonly powerRequest?: (request: RunRequest) => RunRequest;
}

export const noMutation: Mutation = {};
