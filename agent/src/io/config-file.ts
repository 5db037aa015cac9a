/** Reads the agent's two files. One that is not there means the defaults, unless it was asked for by name. */
import { readFile } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { type AgentConfig, parseAgentConfig } from '../core/agent-config.ts';
import { defaultPolicy, type Policy, parsePolicy } from '../core/policy.ts';

/** @returns undefined when there is no such file */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError(
      'HEC_CONFIG',
      `${path} cannot be read: ${why}`,
      'check its owner and permissions',
      error,
    );
  }
}

/**
 * @param isExpected whether somebody named this file, so that its absence is a mistake
 * @throws HEC_CONFIG: every problem with file and line
 */
export async function readAgentConfig(
  path: string,
  isExpected: boolean,
  defaults: AgentConfig,
): Promise<AgentConfig> {
  const text = await readText(path);
  if (text !== undefined) return parseAgentConfig(text, path, defaults);
  if (isExpected) throw new HecateError('HEC_CONFIG', `${path}: there is no such file`, 'check the path');
  return defaults;
}

/**
 * @param isExpected whether the file must be there: the default allows more than most policies
 * @throws HEC_CONFIG: every problem with file and line
 */
export async function readPolicy(path: string, isExpected: boolean): Promise<Policy> {
  const text = await readText(path);
  if (text !== undefined) return parsePolicy(text, path);
  if (!isExpected) return defaultPolicy;
  const remedy = 'restore the file; for the built-in policy write one that has only the line [Policy]';
  throw new HecateError('HEC_CONFIG', `${path}: there is no such file`, remedy);
}

/**
 * Whether a missing policy file is a mistake: somebody named it, or it has been there before.
 * @param current the policy in force; undefined at the start
 */
export const isPolicyExpected = (
  { isPolicyFileNamed }: Pick<AgentConfig, 'isPolicyFileNamed'>,
  current: Policy = defaultPolicy,
): boolean => isPolicyFileNamed || current.source !== defaultPolicy.source;
