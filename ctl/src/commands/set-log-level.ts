import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument, optional } from '../core/command-definition.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const command: Command = {
  definition: {
    name: 'set-log-level',
    group: 'fleet',
    summary: 'change how much the manager or agents log',
    description: [
      'Changes the level of the manager, or of the agents of the nodes that are named, until they are restarted. Prints what it was before.',
    ],
    arguments: [
      {
        name: 'LEVEL',
        description: 'the least important lines that are still written',
        isRequired: true,
        isVariadic: false,
        completion: 'none',
        choices: logLevels,
      },
      { ...optional(nodeArgument), description: 'whose agents; without it, the manager itself' },
    ],
    options: [allNodesOption],
    examples: [
      { command: 'hecatectl set-log-level debug', explanation: 'the manager' },
      { command: 'hecatectl set-log-level debug node-a,node-b', explanation: 'the agents of two nodes' },
    ],
    exits: ['notFound', 'offline'],
    schema: 'log-level',
  },
  run: async (context) => {
    const { invocation, out } = context;
    const level = invocation.operand('LEVEL') ?? '';
    const hasNodes = invocation.flag('all') || invocation.operands('NODE').length > 0;
    const { patterns, all } = hasNodes ? context.nodes : { patterns: [], all: false };
    const value = { level, nodes: all ? ['*'] : patterns };
    const { before, after } = await context.ask('logLevel', { case: 'setLogLevel', value });
    if (out.isJson) out.json({ before, after });
    else out.note(`${before} → ${after}`);
    return 'success';
  },
};
