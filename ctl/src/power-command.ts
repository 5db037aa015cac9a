/** `poweroff` and `reboot`: hosts, through logind on each. What cannot be taken back is not done without --yes. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Command, Context } from './context.ts';
import { allNodesOption, type Example, nodeArgument } from './core/command-definition.ts';
import { operate } from './operate.ts';

export interface PowerWords {
  readonly verb: 'poweroff' | 'reboot';
  readonly summary: string;
  readonly description: readonly string[];
  readonly examples: readonly Example[];
}

export function powerCommand({ verb, summary, description, examples }: PowerWords): Command {
  return {
    definition: {
      name: verb,
      group: 'operate',
      summary,
      description: [
        ...description,
        'It takes the admin role, and the consent of each node (Poweroff=yes in its policy). It is done when the host has accepted it; that it is off afterwards nobody has seen then.',
        'All nodes that are named are asked at once, whatever depends on them. To take down a site in order, with gates between, use shutdown.',
      ],
      arguments: [nodeArgument],
      options: [
        allNodesOption,
        {
          long: 'yes',
          short: 'y',
          description: 'do it; without this it is only said which nodes are meant, and nothing is sent',
        },
      ],
      examples,
      exits: ['notFound', 'offline', 'failed', 'timeout', 'unknown'],
      schema: 'outcomes',
    },
    run: async (context) => {
      if (!context.invocation.flag('yes')) throw await notConfirmed(context, verb);
      const { exit } = await operate(context, { verb, nodes: context.nodes, units: [] });
      return exit;
    },
  };
}

/** A slip of the pen costs a host: who types a pattern sees first what it means. Scripts say --yes. */
async function notConfirmed(context: Context, verb: PowerWords['verb']): Promise<HecateError> {
  const { nodes } = await context.ask('nodes', { case: 'listNodes', value: { nodes: context.nodes } });
  const names = nodes.map(({ name }) => name).join(', ');
  const given = context.invocation.flag('all') ? '--all' : context.invocation.operands('NODE').join(' ');
  return new HecateError(
    'HEC_USAGE',
    `${verb} means ${names}; nothing was sent`,
    `if that is meant: hecatectl ${verb} ${given} --yes`,
  );
}
