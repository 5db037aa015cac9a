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

/** @throws HEC_CONFIG: every problem with file and line */
export async function readPolicy(path: string): Promise<Policy> {
  const text = await readText(path);
  return text === undefined ? defaultPolicy : parsePolicy(text, path);
}
