/** The completion scripts that packages install, out of the command definitions. */
import { completionScript } from '../../ctl/src/completion/script.ts';

/** File → its text, for scripts/generate.ts. The names are those that each shell looks for. */
export const completions: Record<string, () => Promise<string>> = {
  'packaging/completions/hecatectl.bash': () => completionScript('bash'),
  'packaging/completions/_hecatectl': () => completionScript('zsh'),
  'packaging/completions/hecatectl.fish': () => completionScript('fish'),
};
