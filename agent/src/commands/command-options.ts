/** What the command line says, and the configuration that it leads to. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AgentConfig, defaultConfig, defaultConfigFile } from '../core/agent-config.ts';
import { readAgentConfig } from '../io/config-file.ts';

export interface CommandOptions {
  /** Undefined: the usual place, where none need be. */
  readonly configFile: string | undefined;
  readonly isUser: boolean;
  readonly tokenFile: string | undefined;
}

/** Where a user's own agent keeps its things (XDG base directories). */
function userDefaults(): { file: string; config: AgentConfig } {
  const configHome = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  const stateHome = process.env.XDG_STATE_HOME || join(homedir(), '.local/state');
  const stateDirectory = join(stateHome, 'hecate-agent');
  return {
    file: join(configHome, 'hecate/agent.conf'),
    config: {
      ...defaultConfig,
      bus: 'user',
      stateDirectory,
      identityDirectory: join(stateDirectory, 'identity'),
      policyFile: join(configHome, 'hecate/agent-policy.conf'),
    },
  };
}

export interface LoadedConfig {
  readonly file: string;
  readonly config: AgentConfig;
}

/** @throws HEC_CONFIG: every problem with file and line */
export async function loadConfig({ configFile, isUser }: CommandOptions): Promise<LoadedConfig> {
  const defaults = isUser ? userDefaults() : { file: defaultConfigFile, config: defaultConfig };
  const file = configFile ?? defaults.file;
  return { file, config: await readAgentConfig(file, configFile !== undefined, defaults.config) };
}
