/** Makes the commands of the operating verbs, which differ only in their words. */

import { jobModes, ordinaryJobModes } from '@hecate/proto/core/job-modes.ts';
import { endsUnits } from '@hecate/proto/core/lifelines.ts';
import type { VerbOptions } from '@hecate/proto/generated/wire.ts';
import type { Command } from './context.ts';
import {
  allNodesOption,
  type CommandGroup,
  type Example,
  nodeArgument,
  type OptionDefinition,
  optional,
  unitsArgument,
} from './core/command-definition.ts';
import type { Invocation } from './core/invocation.ts';
import { operate } from './operate.ts';

/** The verbs that hecatectl has under their own name. */
export type OperateVerb =
  | 'start'
  | 'stop'
  | 'restart'
  | 'try-restart'
  | 'reload'
  | 'reload-or-restart'
  | 'kill'
  | 'freeze'
  | 'thaw'
  | 'reset-failed'
  | 'enable'
  | 'disable'
  | 'mask'
  | 'unmask'
  | 'daemon-reload';

export interface OperateWords {
  readonly verb: OperateVerb;
  readonly group: CommandGroup;
  readonly summary: string;
  readonly description: readonly string[];
  readonly examples: readonly Example[];
  readonly options?: readonly OptionDefinition[];
  readonly units: 'required' | 'optional' | 'none';
  readonly verbOptions?: (invocation: Invocation) => Partial<VerbOptions>;
}

const everyVerb = [
  'Every unit on every node is one operation, and each has one definite outcome: done, failed, timeout, refused, offline, or unknown (cut off in flight; what it was is known once the node is back, see operation). All run at once; the exit status is that of the worst.',
];

const lifelinesStay =
  'A pattern does not mean the units without which a node would be cut off: those of Hecate, D-Bus, the network and sshd, and the slices and targets that these are in or require. They are left out, and it is said so; to take one of them, name it without a pattern.';

export const jobModeOption: OptionDefinition = {
  long: 'job-mode',
  valueName: 'MODE',
  description: `how systemd treats jobs that are in the way; replace when not given; others than ${ordinaryJobModes.join(', ')} take the admin role and the node's consent (JobModes= of its policy)`,
  choices: jobModes,
};

export const jobMode = (invocation: Invocation): Partial<VerbOptions> => ({
  jobMode: invocation.text('job-mode') ?? '',
});

/** For enable, disable, mask and unmask. */
export const unitFileOptions: readonly OptionDefinition[] = [
  { long: 'runtime', description: 'only until the next reboot of the node' },
];

export function operateCommand(words: OperateWords): Command {
  const { verb, units, verbOptions } = words;
  const unitArguments =
    units === 'none' ? [] : [units === 'optional' ? optional(unitsArgument) : unitsArgument];
  return {
    definition: {
      name: verb,
      group: words.group,
      summary: words.summary,
      description: [...words.description, ...everyVerb, ...(endsUnits(verb) ? [lifelinesStay] : [])],
      arguments: [nodeArgument, ...unitArguments],
      options: [allNodesOption, ...(words.options ?? [])],
      examples: words.examples,
      exits: ['notFound', 'offline', 'failed', 'timeout', 'unknown'],
      schema: 'outcomes',
    },
    run: async (context) => {
      const names = units === 'none' || context.invocation.operands('UNIT').length === 0 ? [] : context.units;
      const { exit } = await operate(context, {
        verb,
        nodes: context.nodes,
        units: names,
        options: verbOptions?.(context.invocation) ?? {},
      });
      return exit;
    },
  };
}
