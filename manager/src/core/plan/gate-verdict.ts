/**
 * Whether a condition holds on what was observed, in three-valued logic: what could not be seen is unknown, and
 * neither holds nor fails (I12).
 */
import { canonicalJson } from './canonical-json.ts';
import type { Condition, Leaf, Observation, Observations } from './gate.ts';
import type { Step } from './plan.ts';
import { formatAddress, formatCommand } from './plan-words.ts';

export type Verdict = Observation['verdict'];

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it does not hold, a sentence for each leaf that stands in the way; empty when it holds. */
  readonly details: readonly string[];
}

/** What observations are kept under: equal leaves have equal keys. */
export const leafKey = (leaf: Leaf): string => canonicalJson(leaf);

/** What has to be looked at, each thing once, in the order of the condition. */
export function leavesOf(condition: Condition): Leaf[] {
  const leaves = new Map<string, Leaf>();
  const visit = (inner: Condition): void => {
    if (isComposed(inner)) inner.of.forEach(visit);
    else leaves.set(leafKey(inner), inner);
  };
  visit(condition);
  return [...leaves.values()];
}

type Composed = Extract<Condition, { readonly of: readonly Condition[] }>;

export const isComposed = (condition: Condition): condition is Composed => 'of' in condition;

/** Kleene's logic: of `count` that are needed, enough hold; or so many fail that it cannot be any more; or unknown. */
export function judge(condition: Condition, observations: Observations): Judgement {
  if (!isComposed(condition)) return judgeLeaf(condition, observations);
  const parts = condition.of.map((inner) => judge(inner, observations));
  const holding = parts.filter((part) => part.verdict === 'holds').length;
  const possible = holding + parts.filter((part) => part.verdict === 'unknown').length;
  const needed = neededOf(condition);
  if (holding >= needed) return { verdict: 'holds', details: [] };
  const details = [...new Set(parts.flatMap((part) => part.details))];
  return { verdict: possible >= needed ? 'unknown' : 'fails', details };
}

function neededOf(condition: Composed): number {
  if (condition.type === 'at-least') return condition.count;
  return condition.type === 'any' ? 1 : condition.of.length;
}

function judgeLeaf(leaf: Leaf, observations: Observations): Judgement {
  const key = leafKey(leaf);
  const seen = Object.hasOwn(observations, key) ? observations[key] : undefined;
  if (seen === undefined)
    return { verdict: 'unknown', details: [`${leafSentence(leaf)}: not looked at yet`] };
  return { verdict: seen.verdict, details: seen.verdict === 'holds' ? [] : [seen.detail] };
}

const listed = (words: readonly string[]): string => words.join(' or ');

/** What a leaf says: "node-a: k3s.service is active". */
export function leafSentence(leaf: Leaf): string {
  switch (leaf.type) {
    case 'unit':
      return `${leaf.node}: ${leaf.unit} is ${listed(leaf.states)}`;
    case 'node':
      return `${leaf.node} is ${leaf.state === 'powered-off' ? 'powered off' : leaf.state}`;
    case 'tcp':
      return `${leaf.host} port ${leaf.port} accepts connections`;
    case 'http':
      return `${formatAddress(leaf.url)} answers ${leaf.status}${leaf.bodyContains === '' ? '' : ` with ${JSON.stringify(leaf.bodyContains)}`}`;
    case 'exec':
      return `${leaf.node}: ${formatCommand(leaf.argv)} ends with ${leaf.exitStatus}`;
  }
}

/** What a condition says: "all of (a is online, b is online)". */
export function conditionSentence(condition: Condition): string {
  if (!isComposed(condition)) return leafSentence(condition);
  const how = condition.type === 'at-least' ? `at least ${condition.count} of` : `${condition.type} of`;
  return `${how} (${condition.of.map(conditionSentence).join(', ')})`;
}

/** The sentences of the gates of a step, by method. */
export const gateSentences = (step: Pick<Step, 'methods'>): string[] =>
  step.methods.flatMap((method) =>
    method.type === 'gate' || method.type === 'wake' ? [method.gate.sentence] : [],
  );
