import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Command } from '../context.ts';
import { allNodesOption, nodeArgument } from '../core/command-definition.ts';
import { unitPatterns } from '../core/selection.ts';
import { operate } from '../operate.ts';

function target(text: string): string {
  const name = /\.[a-z]+$/.test(text) ? text : `${text}.target`;
  if (name.endsWith('.target')) return unitPatterns([name])[0] ?? name;
  throw new HecateError(
    'HEC_BAD_NAME',
    `${JSON.stringify(text)} is not a target`,
    'like multi-user.target; hecatectl list-unit-files NODE "*.target" lists them',
  );
}

export const command: Command = {
  definition: {
    name: 'set-default',
    group: 'files',
    summary: 'set the target that a node boots into',
    description: [
      'Sets what default.target of the node is from its next boot on. A name without a suffix is a target.',
    ],
    arguments: [
      nodeArgument,
      {
        name: 'TARGET',
        description: 'the target, like multi-user.target',
        isRequired: true,
        isVariadic: false,
        completion: 'units',
      },
    ],
    options: [allNodesOption],
    examples: [
      {
        command: 'hecatectl set-default node-a multi-user',
        explanation: 'boots without a desktop from now on',
      },
    ],
    exits: ['notFound', 'offline', 'failed', 'timeout', 'unknown'],
    schema: 'outcomes',
  },
  run: async (context) => {
    const units = [target(context.invocation.operand('TARGET') ?? '')];
    // systemctl's set-default replaces the link that is there: so do we.
    return (
      await operate(context, { verb: 'set-default', nodes: context.nodes, units, options: { force: true } })
    ).exit;
  },
};
