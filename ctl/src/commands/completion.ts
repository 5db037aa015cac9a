import type { Command } from '../context.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;

export const command: Command = {
  definition: {
    name: 'completion',
    group: 'tool',
    summary: 'print the completion script of a shell',
    description: [
      'Prints a script that lets a shell complete commands, options, and the names of nodes and units (asked of the manager, if it can be reached at once). The packages install it; this is for everywhere else.',
    ],
    arguments: [
      {
        name: 'SHELL',
        description: 'which shell',
        isRequired: true,
        isVariadic: false,
        completion: 'none',
        choices: shells,
      },
    ],
    options: [],
    examples: [
      { command: 'source <(hecatectl completion bash)', explanation: 'in this bash' },
      {
        command: 'hecatectl completion fish > ~/.config/fish/completions/hecatectl.fish',
        explanation: 'for fish, for good',
      },
      {
        command: 'hecatectl completion zsh > ~/.zfunc/_hecatectl',
        explanation: 'for zsh, in a folder of its fpath',
      },
    ],
    exits: [],
  },
  run: async ({ invocation, out }) => {
    const shell = shells.find((each) => each === invocation.operand('SHELL')) ?? 'bash';
    const { completionScript } = await import('../completion/script.ts');
    out.line((await completionScript(shell)).replace(/\n$/, ''));
    return 'success';
  },
};
