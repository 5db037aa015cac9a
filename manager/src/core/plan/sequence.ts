/** A sequence in the form an operator writes it; the built-in startup and shutdown are written in the same. */
import type { Verb, VerbOptions } from '@hecate/proto/generated/wire.ts';
import type { NetworkLeaf } from './gate.ts';
import type { Place } from './inventory.ts';
import type { OnFailure, PlanKind, Rung } from './plan.ts';

/**
 * Which nodes: names, globs over names, `role:server`, or `all`. A list is the union, sorted by name. Of a role, or of
 * `all`, nobody may match; a name must.
 */
export type NodeSelector = string;

export type ConditionDeclaration =
  | {
      readonly type: 'unit';
      readonly nodes: readonly NodeSelector[];
      readonly units: readonly string[] | 'of-node';
      readonly states: readonly string[];
    }
  | {
      readonly type: 'node';
      readonly nodes: readonly NodeSelector[];
      readonly state: 'online' | 'offline' | 'powered-off';
    }
  | NetworkLeaf
  | {
      readonly type: 'exec';
      readonly nodes: readonly NodeSelector[];
      readonly argv: readonly string[];
      readonly exitStatus: number;
    }
  | { readonly type: 'all' | 'any'; readonly of: readonly ConditionDeclaration[] }
  | { readonly type: 'at-least'; readonly count: number; readonly of: readonly ConditionDeclaration[] };

export interface GateDeclaration {
  /** "all servers answer /readyz" */
  readonly sentence: string;
  readonly condition: ConditionDeclaration;
  readonly intervalMs: number;
  /** How many looks in a row must agree. */
  readonly consecutive: number;
}

export type ActionDeclaration =
  | {
      readonly type: 'unit';
      readonly verb: Verb;
      readonly nodes: readonly NodeSelector[];
      /** `of-node`: the units that the inventory declares for each node. */
      readonly units: readonly string[] | 'of-node';
      readonly options: VerbOptions | undefined;
      readonly successBy: 'outcome' | 'gate';
      /** Whether an operation on a unit that the node does not have counts as done. */
      readonly isMissingUnitDone: boolean;
    }
  | { readonly type: 'exec'; readonly nodes: readonly NodeSelector[]; readonly argv: readonly string[] }
  | { readonly type: 'gate'; readonly gate: GateDeclaration }
  | { readonly type: 'wait'; readonly durationMs: number }
  | { readonly type: 'wake'; readonly nodes: readonly NodeSelector[] }
  /** Through logind; the compiler adds the gate that they are powered off (or have booted again). */
  | { readonly type: 'power'; readonly verb: 'poweroff' | 'reboot'; readonly nodes: readonly NodeSelector[] }
  | { readonly type: 'hook'; readonly hook: string };

export interface StepDeclaration {
  /** Undefined: the compiler makes one out of the action. */
  readonly name: string | undefined;
  readonly action: ActionDeclaration;
  /** How many operations run at once; undefined: all. */
  readonly parallelism: number | undefined;
  /** The bound of one method. Undefined is an error of the plan: a step without a bound. */
  readonly timeoutMs: number | undefined;
  /** How long it takes as a rule, until that has been learnt; undefined: a quarter of the timeout. */
  readonly expectedMs: number | undefined;
  /** What it is given at the rung `forced`; undefined: `expectedMs`. */
  readonly minimumMs: number | undefined;
  readonly onFailure: OnFailure;
  /** What is tried next, each within the timeout, before `onFailure` counts. */
  readonly escalation: readonly ActionDeclaration[];
  /** From this rung on it is left out. */
  readonly dropAt: Rung | undefined;
  readonly place: Place;
}

export interface StageDeclaration {
  readonly name: string;
  readonly steps: readonly StepDeclaration[];
  readonly place: Place;
}

export interface SequenceDeclaration {
  readonly name: string;
  readonly kind: PlanKind;
  readonly stages: readonly StageDeclaration[];
  readonly place: Place;
}
