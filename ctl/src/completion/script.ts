/** The completion scripts, out of the command definitions. */
import { loadDefinitions } from '../commands/index.ts';
import { globalOptions } from '../global-options.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

const generators = { bash: bashScript, zsh: zshScript, fish: fishScript };

export async function completionScript(shell: Shell): Promise<string> {
  return generators[shell](await loadDefinitions(), globalOptions);
}
