/**
 * A plan: stages → steps → operations, and gates. Pure data; the same configuration gives the same bytes (I13), and
 * what a run does is decided by its plan alone, whatever the configuration becomes meanwhile.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Verb, VerbOptions } from '@hecate/proto/generated/wire.ts';
import type { Gate } from './gate.ts';

export type PlanKind = 'startup' | 'shutdown' | 'sequence';

/** cluster-only leaves out everything that powers a host off. */
export type PlanMode = 'poweroff' | 'cluster-only';

/** Declared degradations, from none to all; a run only ever goes down (to the right). */
export const rungs = ['full', 'short', 'forced', 'panic'] as const;
export type Rung = (typeof rungs)[number];

/**
 * What a step that failed (all of its methods) means. abort: the run ends as failed · continue: the run goes on, the
 * step durably declared degraded · retry: what failed is tried again until the timeout is over, then as abort.
 */
export type OnFailure = 'abort' | 'continue' | 'retry';

export interface PlannedOperation {
  readonly node: NodeName;
  readonly verb: Verb;
  /** Empty for verbs that act on the node. */
  readonly unit: string;
  readonly options: VerbOptions | undefined;
}

/** By a magic packet, by a command of the coordinator, or by both. */
export interface WakeTarget {
  readonly node: NodeName;
  readonly macAddress?: string;
  readonly wakeAddress: string;
  readonly command?: readonly string[];
}

export type Action =
  | {
      readonly type: 'operations';
      readonly operations: readonly PlannedOperation[];
      /**
       * outcome: the step is done when every operation is done · gate: it is over when every operation was taken by
       * systemd (or has ended), and a gate behind it decides; offline, unknown and timeout are then no failure.
       */
      readonly successBy: 'outcome' | 'gate';
      readonly isMissingUnitDone: boolean;
    }
  | { readonly type: 'gate'; readonly gate: Gate }
  | { readonly type: 'wait'; readonly durationMs: number }
  /** Wakes those that are not online, at each look, until the gate holds: all of them are online. */
  | { readonly type: 'wake'; readonly targets: readonly WakeTarget[]; readonly gate: Gate }
  | {
      readonly type: 'hook';
      readonly hook: string;
      readonly argv: readonly string[];
      readonly isRepeatable: boolean;
    };

export interface Step {
  /** Stage and step, counted from 1: `2.1`. */
  readonly id: string;
  /** A sentence: "stop k3s-agent.service on 3 nodes". */
  readonly name: string;
  /** Under which its durations are learnt: the same for the same work in another version of the plan. */
  readonly learnKey: string;
  /** The first is what is wanted; the others are tried in order when it failed. At least one. */
  readonly methods: readonly Action[];
  /** How many operations run at once, at least 1. */
  readonly parallelism: number;
  /** Of each method. */
  readonly timeoutMs: number;
  readonly expectedMs: number;
  readonly minimumMs: number;
  readonly onFailure: OnFailure;
  readonly dropAt: Rung | undefined;
  /** Whether it powers a host off: from the first such step on a shutdown does not return. */
  readonly powersOff: readonly NodeName[];
}

export interface Stage {
  readonly name: string;
  /** One after the other; the next stage begins when the last of them is over (I1). */
  readonly steps: readonly Step[];
}

/** A node's own part of a shutdown, for its dead man's order. */
export interface NodePart {
  readonly node: NodeName;
  /** In this order. */
  readonly operations: readonly (PlannedOperation & { readonly timeoutMs: number })[];
  /** When it begins alone, after the run's begin, at the rung `full`: never before the manager could have done it. */
  readonly beginsAfterMs: number;
}

export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly kind: PlanKind;
  readonly mode: PlanMode;
  readonly site: string;
  readonly coordinator: NodeName | undefined;
  /** Held by a run of it (I11), sorted. */
  readonly nodes: readonly NodeName[];
  /** Declared and implied by roles, both sorted; for I3. */
  readonly dependencies: readonly { readonly node: NodeName; readonly dependsOn: readonly NodeName[] }[];
  readonly stages: readonly Stage[];
  /** Shutdowns only; sorted by node. */
  readonly parts: readonly NodePart[];
}

/** A step's place in its plan, counted from 0. */
export interface StepAddress {
  readonly stage: number;
  readonly step: number;
}
