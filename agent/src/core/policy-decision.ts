/**
 * Whether the policy allows one operation. It is judged by all names of the unit, not only by the one that was
 * typed: a denied unit is denied under its aliases, too.
 */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import { isGlob, matchesAny } from '@hecate/proto/core/glob.ts';
import { isPowerOperation, startingVerbs } from '@hecate/proto/core/power-units.ts';
import { unitType } from '@hecate/proto/core/unit-name.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import { effectiveJobMode, type Policy, type PolicyRule } from './policy.ts';
import { isJobVerb } from './verbs.ts';

/** What systemd calls a unit. */
export interface UnitNames {
  /** The canonical one. */
  readonly id: string;
  /** All of them, the canonical one and the typed one included. */
  readonly names: readonly string[];
}

/** What systemd said when it was asked for the names of a unit. */
export type UnitNamesAnswer =
  /** Undefined: systemd cannot load a unit of this name (a template, say); the typed name counts. */
  | { readonly case: 'known'; readonly unitNames: UnitNames | undefined }
  | { readonly case: 'failed'; readonly code: ErrorCode; readonly message: string; readonly remedy: string };

/** One operation as the policy sees it. */
export interface Wish {
  readonly verb: Verb;
  /** As it was typed; empty for verbs without one. */
  readonly unit: string;
  /** Empty: replace. */
  readonly jobMode: string;
  /** Undefined: systemd was not asked, or does not know the unit; the typed name counts. */
  readonly unitNames?: UnitNames | undefined;
}

export interface PolicyRefusal {
  readonly message: string;
  readonly remedy: string;
}

/** Verbs that would leave the agent unable to answer when they meet its own unit. */
const selfHarm: ReadonlySet<Verb> = new Set<Verb>(['stop', 'mask', 'disable', 'kill', 'freeze']);

/** Where services are, of the host and of a user, unless somebody put them elsewhere: the agent's unit among them. */
const slicesOfServices = ['-.slice', 'system.slice', 'app.slice'];

const isAboutVerb = (rule: PolicyRule, verb: Verb): boolean =>
  rule.verbs.length === 0 || rule.verbs.includes(verb);

const covers = (rule: PolicyRule, verb: Verb, unit: string): boolean =>
  isAboutVerb(rule, verb) && matchesAny(rule.units, unit);

/** Without a unit, `reset-failed` means every unit: also the one that a rule denies. */
function denies(rule: PolicyRule, verb: Verb, names: readonly string[]): boolean {
  if (verb === 'reset-failed' && names.includes('')) return isAboutVerb(rule, verb);
  return names.some((name) => covers(rule, verb, name));
}

const namesExplicitly = (rule: PolicyRule, verb: Verb, names: readonly string[]): boolean =>
  rule.verbs.includes(verb) && rule.units.some((pattern) => !isGlob(pattern) && names.includes(pattern));

const isForAllUnits = (rule: PolicyRule): boolean => rule.units.includes('*');

/**
 * Whether systemd must be asked for the names of the unit before {@link whyRefused} can decide: two more calls,
 * spared where no rule speaks of units and neither the agent itself nor the end of the host may be meant. An alias
 * has the type of its unit, and the units that end a host are targets, but for systemd's own services behind them,
 * which are known by their own names.
 */
export function needsUnitNames(policy: Policy, { verb, unit }: Wish, ownUnit: string): boolean {
  if (unit === '') return false;
  const rules = [...policy.deny, ...policy.allow];
  if (rules.some((rule) => isAboutVerb(rule, verb) && !isForAllUnits(rule))) return true;
  if (selfHarm.has(verb) && unitType(unit) === unitType(ownUnit)) return unit !== ownUnit;
  return startingVerbs.has(verb) && !policy.poweroff && unitType(unit) === 'target';
}

/**
 * @param ownUnit the unit this agent runs in, by its canonical name
 * @returns undefined when it is allowed, else why not, and what would allow it
 */
export function whyRefused(policy: Policy, wish: Wish, ownUnit: string): PolicyRefusal | undefined {
  const { verb, unit } = wish;
  const { id, names: known } = wish.unitNames ?? { id: unit, names: [] };
  const names = [...new Set([unit, id, ...known])];
  const what = describe(verb, unit, id);
  const refuse = (why: string, remedy: string): PolicyRefusal => ({
    message: `${what}: ${why}`,
    remedy: `${remedy} in agent-policy.conf on the node, then: systemctl reload hecate-agent`,
  });
  if (verb === 'exec')
    return policy.exec ? undefined : refuse(`${policy.source} does not allow exec`, 'set Exec=yes');
  const isPower = names.some((name) => isPowerOperation(verb, name));
  if (isPower && !policy.poweroff)
    return refuse(`${policy.source} does not allow ${powerWords(verb)}`, 'set Poweroff=yes');
  if (verb === 'poweroff' || verb === 'reboot') return undefined;
  const jobMode = effectiveJobMode(wish.jobMode);
  if (isJobVerb(verb) && !policy.jobModes.some((allowed) => allowed === jobMode)) {
    const remedy = `name all that are wanted: JobModes=${[...policy.jobModes, jobMode].join(' ')}`;
    return refuse(`${policy.source} does not allow the job mode ${jobMode}`, remedy);
  }
  const denied = policy.deny.find((rule) => denies(rule, verb, names));
  if (denied) return refuse(`${policy.source} says ${denied.text}`, 'change that line');
  if (policy.allow.length > 0 && !policy.allow.some((rule) => covers(rule, verb, id))) {
    return refuse(`no Allow= of ${policy.source} covers it`, `add Allow=${`${verb} ${id}`.trimEnd()}`);
  }
  const own = [ownUnit, ...slicesOfServices].find((name) => names.includes(name));
  if (own && selfHarm.has(verb) && !policy.allow.some((rule) => namesExplicitly(rule, verb, [own]))) {
    return refuse(
      'an agent that does this to itself cannot answer any more',
      `if it is meant, name it: Allow=${verb} ${own} (and Allow=* for the rest)`,
    );
  }
  return undefined;
}

function describe(verb: Verb, unit: string, id: string): string {
  if (unit === '') return verb;
  return unit === id ? `${verb} ${unit}` : `${verb} ${unit} (an alias of ${id})`;
}

const powerWords = (verb: Verb): string =>
  verb === 'poweroff' || verb === 'reboot' ? verb : 'what ends, restarts or suspends the host';
