/**
 * The update of a site, decided: its agents' hosts one after the other, the manager's own at last, and no further when
 * one of them has failed, a run goes on, or a UPS is on battery.
 */

export interface SiteNode {
  readonly node: string;
  readonly isOnline: boolean;
  /** Of its agent; empty: not known. */
  readonly version: string;
}

/**
 * Nodes that this host must not go on without: they are behind it by a minor version already, and would be by two.
 * @param version of this host
 */
export function laggards(nodes: readonly SiteNode[], version: string): readonly string[] {
  return nodes
    .filter((each) => each.isOnline && each.version !== '' && isMinorBefore(each.version, version))
    .map(({ node, version: own }) => `${node} (${own})`);
}

function isMinorBefore(older: string, newer: string): boolean {
  const [[major = 0, minor = 0], [newMajor = 0, newMinor = 0]] = [partsOf(older), partsOf(newer)];
  return major < newMajor || (major === newMajor && minor < newMinor);
}

const partsOf = (version: string): readonly number[] => version.split('.', 2).map(Number);

export interface SiteUpdateState {
  readonly phase: 'idle' | 'asking' | 'updating' | 'over';
  /** Nodes still to be updated, the next one first. */
  readonly queue: readonly string[];
  readonly updated: readonly string[];
  /** Nodes that were offline: they are updated the next time. */
  readonly left: readonly string[];
}

export type SiteUpdateInput =
  /** Without the manager's own host. */
  | { readonly type: 'begin'; readonly nodes: readonly SiteNode[] }
  | { readonly type: 'asked'; readonly hindrance: string }
  /** Its host is on the newest release, and the node is online. */
  | { readonly type: 'updated'; readonly node: string }
  | { readonly type: 'failed'; readonly node: string; readonly why: string };

export type SiteUpdateEffect =
  | { readonly type: 'ask' }
  | { readonly type: 'update'; readonly node: string }
  | { readonly type: 'update-own-host' }
  | { readonly type: 'tell'; readonly sentence: string }
  | { readonly type: 'end'; readonly outcome: 'postponed' | 'failed'; readonly sentence: string };

export interface SiteUpdateStep {
  readonly state: SiteUpdateState;
  readonly effects: readonly SiteUpdateEffect[];
}

export const siteIdle: SiteUpdateState = { phase: 'idle', queue: [], updated: [], left: [] };

/** @throws TypeError for an input that its phase does not wait for: a fault of the program */
export function stepSiteUpdate(state: SiteUpdateState, input: SiteUpdateInput): SiteUpdateStep {
  if (state.phase === 'idle' && input.type === 'begin') return begin(input.nodes);
  if (state.phase === 'asking' && input.type === 'asked') return asked(state, input.hindrance);
  const [current, ...queue] = state.queue;
  if (
    state.phase !== 'updating' ||
    input.type === 'begin' ||
    input.type === 'asked' ||
    input.node !== current
  )
    throw new TypeError(`${input.type} while ${state.phase}`);
  if (input.type === 'failed') {
    const rest =
      queue.length > 0 ? `; not begun: ${queue.join(', ')}, and this host` : '; this host is not begun';
    return over(state, 'failed', `${input.node}: ${input.why}${rest}`);
  }
  const updated = [...state.updated, input.node];
  return { state: { ...state, phase: 'asking', queue, updated }, effects: [{ type: 'ask' }] };
}

function begin(nodes: readonly SiteNode[]): SiteUpdateStep {
  const named = (isOnline: boolean): string[] =>
    nodes
      .filter((each) => each.isOnline === isOnline)
      .map(({ node }) => node)
      .toSorted();
  const [queue, left] = [named(true), named(false)];
  const tell: SiteUpdateEffect[] =
    left.length === 0
      ? []
      : [{ type: 'tell', sentence: `offline, and left for the next time: ${left.join(', ')}` }];
  return { state: { phase: 'asking', queue, updated: [], left }, effects: [...tell, { type: 'ask' }] };
}

function asked(state: SiteUpdateState, hindrance: string): SiteUpdateStep {
  if (hindrance !== '') {
    const done = state.updated.length > 0 ? `after ${state.updated.join(', ')}` : 'before anything was begun';
    return over(state, 'postponed', `the update stops ${done}: ${hindrance}`);
  }
  const [next] = state.queue;
  if (next === undefined)
    return { state: { ...state, phase: 'over' }, effects: [{ type: 'update-own-host' }] };
  return { state: { ...state, phase: 'updating' }, effects: [{ type: 'update', node: next }] };
}

const over = (state: SiteUpdateState, outcome: 'postponed' | 'failed', sentence: string): SiteUpdateStep => ({
  state: { ...state, phase: 'over' },
  effects: [{ type: 'end', outcome, sentence }],
});
