/** /etc/hecate/agent.conf: what the agent is told by the host's administrator. Everything has a default. */
import { limits, managerPort } from '@hecate/proto/core/limits.ts';
import { isLoopbackHost } from '@hecate/proto/core/loopback.ts';
import {
  formatManagerAddress,
  type ManagerAddress,
  parseManagerAddress,
} from '@hecate/proto/core/manager-address.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { configError, type IniEntry, type Problem, parseBoolean, parseIni } from './ini-file.ts';
import { type LogLevel, logLevels, parseLogLevel } from './log-level.ts';

export interface AgentConfig {
  /** Empty: the name in the identity. */
  readonly nodeName: string;
  /** Tried in order; empty: the addresses that came with the identity. */
  readonly managers: readonly ManagerAddress[];
  readonly bus: 'system' | 'user';
  readonly identityDirectory: string;
  readonly stateDirectory: string;
  readonly policyFile: string;
  /** Whether somebody wrote PolicyFile=: then its absence is a mistake. */
  readonly isPolicyFileNamed: boolean;
  readonly logLevel: LogLevel;
  /** No TLS and no identity; only ever to a loopback address. */
  readonly plainLoopback: boolean;
}

export const defaultConfigFile = '/etc/hecate/agent.conf';

export const defaultConfig: AgentConfig = {
  nodeName: '',
  managers: [],
  bus: 'system',
  identityDirectory: '/var/lib/hecate-agent/identity',
  stateDirectory: '/var/lib/hecate-agent',
  policyFile: '/etc/hecate/agent-policy.conf',
  isPolicyFileNamed: false,
  logLevel: 'info',
  plainLoopback: false,
};

const keys = [
  'NodeName',
  'Manager',
  'Bus',
  'IdentityDirectory',
  'StateDirectory',
  'PolicyFile',
  'LogLevel',
  'PlainLoopback',
];

const managersMax = 16;

type Draft = { -readonly [Key in keyof AgentConfig]: AgentConfig[Key] };

/** `host`, `host:port`, `[v6]:port`: without a port the manager's usual one. */
export function parseManager(text: string): ManagerAddress | undefined {
  return parseManagerAddress(text) ?? parseManagerAddress(`${text}:${managerPort}`);
}

/**
 * @param file its name, for messages
 * @throws HEC_CONFIG: every problem with file and line
 */
export function parseAgentConfig(
  text: string,
  file: string,
  defaults: AgentConfig = defaultConfig,
): AgentConfig {
  const ini = parseIni(text, { Agent: keys });
  const problems: Problem[] = [...ini.problems];
  const draft: Draft = { ...defaults };
  const seen = new Set<string>();
  for (const entry of ini.entries) {
    if (seen.has(entry.key) && entry.key !== 'Manager')
      problems.push({ line: entry.line, message: `${entry.key}= is set twice` });
    seen.add(entry.key);
    const problem = apply(draft, entry);
    if (problem) problems.push({ line: entry.line, message: problem });
  }
  const farAway = draft.plainLoopback && draft.managers.find(({ host }) => !isLoopbackHost(host));
  if (farAway) {
    const message = `PlainLoopback=yes allows loopback only, and ${formatManagerAddress(farAway)} is not`;
    problems.push({ line: lineOf(ini.entries, 'PlainLoopback'), message });
  }
  if (draft.plainLoopback && draft.nodeName === '') {
    const message = 'PlainLoopback=yes has no identity to take the name from: set NodeName=';
    problems.push({ line: lineOf(ini.entries, 'PlainLoopback'), message });
  }
  if (problems.length > 0) throw configError(file, problems);
  if (seen.has('StateDirectory') && !seen.has('IdentityDirectory'))
    draft.identityDirectory = `${draft.stateDirectory}/identity`;
  return draft;
}

const lineOf = (entries: readonly IniEntry[], key: string): number =>
  entries.find((entry) => entry.key === key)?.line ?? 1;

/** @returns what is wrong with the value */
function apply(draft: Draft, { key, value }: IniEntry): string | undefined {
  switch (key) {
    case 'NodeName':
      return applyNodeName(draft, value);
    case 'Manager':
      return applyManagers(draft, value);
    case 'Bus':
      if (value !== 'system' && value !== 'user') return `Bus=${value}: expected system or user`;
      draft.bus = value;
      return undefined;
    case 'LogLevel': {
      const level = parseLogLevel(value);
      if (!level) return `LogLevel=${value}: expected one of ${logLevels.join(', ')}`;
      draft.logLevel = level;
      return undefined;
    }
    case 'PlainLoopback': {
      const flag = parseBoolean(value);
      if (flag === undefined) return `PlainLoopback=${value}: expected yes or no`;
      draft.plainLoopback = flag;
      return undefined;
    }
    default:
      return applyPath(draft, key, value);
  }
}

function applyNodeName(draft: Draft, value: string): string | undefined {
  try {
    draft.nodeName = parseNodeName(value);
    return undefined;
  } catch (error) {
    return `NodeName=: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function applyManagers(draft: Draft, value: string): string | undefined {
  for (const word of value.split(/[\s,]+/)) {
    const address = parseManager(word);
    if (!address) return `Manager=${word}: expected host or host:port, for IPv6 [address]:port`;
    draft.managers = [...draft.managers, address];
  }
  return draft.managers.length > managersMax ? `more than ${managersMax} managers` : undefined;
}

const pathKeys = {
  IdentityDirectory: 'identityDirectory',
  StateDirectory: 'stateDirectory',
  PolicyFile: 'policyFile',
} as const;

function applyPath(draft: Draft, key: string, value: string): string | undefined {
  if (!value.startsWith('/') || value.length > limits.textLengthMax)
    return `${key}=${value.slice(0, 80)}: expected an absolute path`;
  if (key in pathKeys) draft[pathKeys[key as keyof typeof pathKeys]] = value;
  if (key === 'PolicyFile') draft.isPolicyFileNamed = true;
  return undefined;
}
