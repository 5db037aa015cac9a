/** Gates: conditions over observations, each with a sentence for a name. Pure: who observes is somebody else. */
import type { NodeName } from '@hecate/proto/core/names.ts';

/** What is looked for over the network, from the coordinator: the same as it is declared. */
export type NetworkLeaf =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly type: 'http';
      readonly url: string;
      readonly status: number;
      readonly bodyContains: string;
      readonly isCertificateIgnored: boolean;
    };

/** What can be looked at. */
export type Leaf =
  | {
      readonly type: 'unit';
      readonly node: NodeName;
      readonly unit: string;
      readonly states: readonly string[];
    }
  /** powered-off: gone from the mesh, and an independent probe of the network finds nobody (I12). */
  | {
      readonly type: 'node';
      readonly node: NodeName;
      readonly state: 'online' | 'offline' | 'powered-off';
      /** Undefined: where its agent last dialled from. */
      readonly address: string | undefined;
      readonly probePort: number;
    }
  | NetworkLeaf
  | {
      readonly type: 'exec';
      readonly node: NodeName;
      readonly argv: readonly string[];
      readonly exitStatus: number;
    };

export type Condition =
  | Leaf
  | { readonly type: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly type: 'at-least'; readonly count: number; readonly of: readonly Condition[] };

export interface Gate {
  readonly sentence: string;
  readonly condition: Condition;
  readonly intervalMs: number;
  /** How many looks in a row must agree, at least 1. */
  readonly consecutive: number;
}

export interface Observation {
  /** I12: what could not be seen is unknown, and no gate holds on it. */
  readonly verdict: 'holds' | 'fails' | 'unknown';
  /** For people: "node-a: k3s.service is activating". */
  readonly detail: string;
}

/** By leafKey. */
export type Observations = Readonly<Record<string, Observation>>;
