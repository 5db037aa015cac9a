/**
 * The agent has the last word: which verbs on which units it accepts from a manager, so that a stolen manager
 * key is not root on the fleet. Deny beats allow, whatever the order; without any Allow= everything is allowed.
 * This is the file; policy-decision.ts decides by it.
 */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { isGlob } from '@hecate/proto/core/glob.ts';
import { isJobMode, type JobMode, jobModes, ordinaryJobModes } from '@hecate/proto/core/job-modes.ts';
import { completeUnitName } from '@hecate/proto/core/unit-name.ts';
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
  /** Also by a start of poweroff.target and its like. */
  readonly poweroff: boolean;
  /** Logs, properties and unit files may be read. */
  readonly read: boolean;
  /** The job modes that are accepted. */
  readonly jobModes: readonly JobMode[];
}

/** Without a file: every verb on every unit in the ordinary job modes, but no commands and no power. */
export const defaultPolicy: Policy = {
  source: 'the built-in policy',
  allow: [],
  deny: [],
  exec: false,
  poweroff: false,
  read: true,
  jobModes: ordinaryJobModes,
};

/** What systemd is asked for when the caller says nothing. */
export const effectiveJobMode = (jobMode: string): string => (jobMode === '' ? 'replace' : jobMode);

const sections = { Policy: ['Allow', 'Deny', 'Exec', 'JobModes', 'Poweroff', 'Read'] };
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
  const modes: JobMode[] = [];
  const flags = { exec: false, poweroff: false, read: true };
  for (const entry of file.entries) {
    if (isSwitch(entry.key)) {
      const value = parseBoolean(entry.value);
      if (value === undefined)
        problems.push({ line: entry.line, message: `${entry.key}=${entry.value}: expected yes or no` });
      else flags[switches[entry.key]] = value;
    } else if (entry.key === 'JobModes') {
      modes.push(...parseJobModes(entry, problems));
    } else {
      const rule = parseRule(entry, problems);
      if (rule) rules[entry.key === 'Deny' ? 'Deny' : 'Allow'].push(rule);
    }
  }
  if (rules.Allow.length + rules.Deny.length > rulesMax) {
    problems.push({ line: 1, message: `more than ${rulesMax} rules` });
  }
  if (problems.length > 0) throw configError(source, problems);
  const jobModes = modes.length === 0 ? ordinaryJobModes : [...new Set(modes)];
  return { source, allow: rules.Allow, deny: rules.Deny, ...flags, jobModes };
}

/** Several lines add up, as in systemd's own files. */
function parseJobModes({ key, value, line }: IniEntry, problems: Problem[]): JobMode[] {
  const words = value.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0)
    problems.push({ line, message: `${key}= is empty: expected some of ${jobModes.join(', ')}` });
  for (const word of words.filter((each) => !isJobMode(each))) {
    const message = `${key}=: ${JSON.stringify(word)} is not a job mode${suggestion(word, jobModes)}`;
    problems.push({ line, message });
  }
  return words.filter(isJobMode);
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
    units: units.length === 0 ? ['*'] : units.map((unit) => unitPattern(unit, { key, line }, problems)),
    text: `${key}=${value}`,
  };
}

/** A plain name is completed as everywhere (`k3s` is k3s.service): as it stands, it would match nothing. */
function unitPattern(text: string, at: { key: string; line: number }, problems: Problem[]): string {
  if (isGlob(text)) return text;
  try {
    return completeUnitName(text);
  } catch (error) {
    problems.push({ line: at.line, message: `${at.key}=: ${asHecateError(error).message}` });
    return text;
  }
}

function unknownVerb(word: string): string {
  if (word === 'exec') return 'exec has a switch of its own: Exec=yes';
  if (word === 'poweroff' || word === 'reboot') return `${word} has a switch of its own: Poweroff=yes`;
  return `${JSON.stringify(word)} is not a verb${suggestion(word, policyVerbs)}`;
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
    `JobModes=${policy.jobModes.join(' ')}`,
  ];
}
