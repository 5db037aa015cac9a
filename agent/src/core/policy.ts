/**
 * The agent has the last word: which verbs on which units it accepts from a manager, so that a stolen manager
 * key is not root on the fleet. Deny beats allow, whatever the order; without any Allow= everything is allowed.
 */
import { globMatches, isGlob } from '@hecate/proto/core/glob.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import { configError, type IniEntry, type Problem, parseBoolean, parseIni } from './ini-file.ts';
import { suggestion } from './suggestion.ts';
import { policyVerbs } from './verbs.ts';

export interface PolicyRule {
  /** Empty: all verbs. */
  readonly verbs: readonly Verb[];
  /** Globs over unit names; a verb without a unit (daemon-reload) is matched by `*` only. */
  readonly units: readonly string[];
  /** As it was written, for messages. */
  readonly text: string;
}

export interface Policy {
  /** Where it came from, for messages. */
  readonly source: string;
  readonly allow: readonly PolicyRule[];
  readonly deny: readonly PolicyRule[];
  readonly exec: boolean;
  readonly poweroff: boolean;
  /** Logs, properties and unit files may be read. */
  readonly read: boolean;
}

/** Without a file: every verb on every unit, but no commands and no power. */
export const defaultPolicy: Policy = {
  source: 'the built-in policy',
  allow: [],
  deny: [],
  exec: false,
  poweroff: false,
  read: true,
};

const sections = { Policy: ['Allow', 'Deny', 'Exec', 'Poweroff', 'Read'] };
const rulesMax = 1000;

const switches = { Exec: 'exec', Poweroff: 'poweroff', Read: 'read' } as const;

const isSwitch = (key: string): key is keyof typeof switches => Object.hasOwn(switches, key);

/**
 * @param source the file's name, for messages
 * @throws HEC_CONFIG: every problem with file and line
 */
export function parsePolicy(text: string, source: string): Policy {
  const file = parseIni(text, sections);
  const problems: Problem[] = [...file.problems];
  const rules: { Allow: PolicyRule[]; Deny: PolicyRule[] } = { Allow: [], Deny: [] };
  const flags = { exec: false, poweroff: false, read: true };
  for (const entry of file.entries) {
    if (isSwitch(entry.key)) {
      const value = parseBoolean(entry.value);
      if (value === undefined)
        problems.push({ line: entry.line, message: `${entry.key}=${entry.value}: expected yes or no` });
      else flags[switches[entry.key]] = value;
    } else {
      const rule = parseRule(entry, problems);
      if (rule) rules[entry.key === 'Deny' ? 'Deny' : 'Allow'].push(rule);
    }
  }
  if (rules.Allow.length + rules.Deny.length > rulesMax) {
    problems.push({ line: 1, message: `more than ${rulesMax} rules` });
  }
  if (problems.length > 0) throw configError(source, problems);
  return { source, allow: rules.Allow, deny: rules.Deny, ...flags };
}

function parseRule({ key, value, line }: IniEntry, problems: Problem[]): PolicyRule | undefined {
  const [verbList = '', ...units] = value.split(/\s+/);
  const words = verbList === '' ? [] : verbList.split(',');
  if (words.length === 0) {
    problems.push({ line, message: `${key}= is empty: expected VERB[,VERB…] [GLOB…], or * for all verbs` });
    return undefined;
  }
  const verbs: Verb[] = [];
  for (const word of words) {
    const verb = policyVerbs.find((known) => known === word);
    if (verb) verbs.push(verb);
    else if (word !== '*') problems.push({ line, message: `${key}=: ${unknownVerb(word)}` });
  }
  return {
    verbs: words.includes('*') ? [] : verbs,
    units: units.length === 0 ? ['*'] : units,
    text: `${key}=${value}`,
  };
}

function unknownVerb(word: string): string {
  if (word === 'exec') return 'exec has a switch of its own: Exec=yes';
  if (word === 'poweroff' || word === 'reboot') return `${word} has a switch of its own: Poweroff=yes`;
  return `${JSON.stringify(word)} is not a verb${suggestion(word, policyVerbs)}`;
}

function covers(rule: PolicyRule, verb: Verb, unit: string): boolean {
  const verbMatches = rule.verbs.length === 0 || rule.verbs.includes(verb);
  return verbMatches && rule.units.some((pattern) => globMatches(pattern, unit));
}

/** Verbs that would leave the agent unable to answer when they meet its own unit. */
const selfHarm: ReadonlySet<Verb> = new Set<Verb>(['stop', 'mask', 'disable', 'kill', 'freeze']);

function namesExplicitly(rule: PolicyRule, verb: Verb, unit: string): boolean {
  return rule.verbs.includes(verb) && rule.units.some((pattern) => !isGlob(pattern) && pattern === unit);
}

/**
 * @param unit empty for verbs without one
 * @param ownUnit the unit this agent runs in
 * @returns undefined when it is allowed, else why not, and what would allow it
 */
export function whyRefused(
  policy: Policy,
  verb: Verb,
  unit: string,
  ownUnit: string,
): { message: string; remedy: string } | undefined {
  const what = unit === '' ? verb : `${verb} ${unit}`;
  const refuse = (why: string, remedy: string) => ({
    message: `${what}: ${why}`,
    remedy: `${remedy} in agent-policy.conf on the node, then: systemctl reload hecate-agent`,
  });
  if (verb === 'exec')
    return policy.exec ? undefined : refuse(`${policy.source} does not allow exec`, 'set Exec=yes');
  if (verb === 'poweroff' || verb === 'reboot') {
    return policy.poweroff
      ? undefined
      : refuse(`${policy.source} does not allow ${verb}`, 'set Poweroff=yes');
  }
  const denied = policy.deny.find((rule) => covers(rule, verb, unit));
  if (denied) return refuse(`${policy.source} says ${denied.text}`, 'change that line');
  if (policy.allow.length > 0 && !policy.allow.some((rule) => covers(rule, verb, unit))) {
    return refuse(`no Allow= of ${policy.source} covers it`, `add Allow=${what}`);
  }
  const isSelfHarm = unit === ownUnit && selfHarm.has(verb);
  if (isSelfHarm && !policy.allow.some((rule) => namesExplicitly(rule, verb, unit))) {
    return refuse(
      'an agent that does this to itself cannot answer any more',
      `if it is meant, name it: Allow=${verb} ${unit} (and Allow=* for the rest)`,
    );
  }
  return undefined;
}

/** For status reports: the policy as lines a person can read. */
export function policySummary(policy: Policy): string[] {
  const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
  return [
    ...policy.deny.map((rule) => rule.text),
    ...(policy.allow.length === 0 ? ['Allow=*'] : policy.allow.map((rule) => rule.text)),
    `Exec=${yesNo(policy.exec)}`,
    `Poweroff=${yesNo(policy.poweroff)}`,
    `Read=${yesNo(policy.read)}`,
  ];
}
