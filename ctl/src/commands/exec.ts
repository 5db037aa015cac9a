import type { OutputChunk } from '@hecate/proto/generated/wire.ts';
import type { Command, Context, End } from '../context.ts';
import { allNodesOption, nodeArgument } from '../core/command-definition.ts';
import { singleNode } from '../core/selection.ts';
import { LinePrefixer } from '../io/line-prefixer.ts';
import { operate } from '../operate.ts';

/** A shell's reading of how a process ended: its status, or 128 and the signal. */
function commandStatus({ exitCode, exitStatus }: { exitCode: string; exitStatus: number }): number {
  return exitCode === 'exited' || exitCode === '' ? exitStatus & 0xff : (128 + exitStatus) & 0xff;
}

/** As it comes for one node; line by line with the node's name for several, so that lines stay whole. */
function outputPrinter(context: Context): {
  take: (chunk: OutputChunk) => Promise<void>;
  finish: () => Promise<void>;
} {
  const { out } = context;
  const isAlone = singleNode(context.nodes) !== undefined;
  const prefixers = new Map<string, LinePrefixer>();
  const descriptorOf = (channel: number): 1 | 2 => (channel === 2 || out.isJson ? 2 : 1);
  return {
    take: ({ node, channel, data }) => {
      if (isAlone) return out.stream(data, descriptorOf(channel));
      const key = `${channel} ${node}`;
      const prefixer = prefixers.get(key) ?? new LinePrefixer(`${node}: `);
      prefixers.set(key, prefixer);
      return out.stream(prefixer.push(data), descriptorOf(channel));
    },
    finish: async () => {
      for (const [key, prefixer] of prefixers) {
        await out.stream(prefixer.end(), descriptorOf(Number(key.split(' ')[0])));
      }
    },
  };
}

export const command: Command = {
  definition: {
    name: 'exec',
    group: 'operate',
    summary: 'run a command on nodes',
    description: [
      'Runs a command in a transient unit of the node, without a shell, and returns its output and its exit status. Nodes allow this only when their own policy says so (Exec=yes in /etc/hecate/agent-policy.conf).',
      'When it ran on every node, the exit status is the highest that it ended with (128 and the signal when one ended it); otherwise it is one of the table. At the time limit, and on Ctrl-C, the transient unit is stopped. With -o json the output goes to stderr and the outcomes to stdout.',
    ],
    arguments: [
      nodeArgument,
      {
        name: 'CMD',
        description: 'the command and its arguments, after --',
        isRequired: true,
        isVariadic: true,
        completion: 'none',
      },
    ],
    options: [
      allNodesOption,
      {
        long: 'working-directory',
        valueName: 'PATH',
        description: 'where on the node it runs; / when not given',
      },
    ],
    examples: [
      { command: 'hecatectl exec node-a -- uname -r', explanation: 'the kernel of node-a' },
      {
        command: 'hecatectl exec --all --timeout 5s -- test -e /run/reboot-required',
        explanation: 'on every node',
      },
    ],
    exits: ['offline', 'failed', 'timeout', 'unknown'],
    schema: 'outcomes',
  },
  run: async (context): Promise<End> => {
    const printer = outputPrinter(context);
    const { answers, exit } = await operate(context, {
      verb: 'exec',
      nodes: context.nodes,
      units: [],
      options: {
        argv: [...context.invocation.operands('CMD')],
        workingDirectory: context.invocation.text('working-directory') ?? '',
      },
      onOutput: printer.take,
    });
    await printer.finish();
    const results = answers.map(({ outcome }) => outcome?.execResult);
    if (exit === 'interrupted' || exit === 'unknown' || results.length === 0) return exit;
    // One that was stopped, at the time limit or by Ctrl-C, did not end with a status of its own.
    if (answers.some(({ outcome }) => outcome?.status !== 'done' && outcome?.code !== 'HEC_UNIT_FAILED'))
      return exit;
    const statuses = results.filter((result) => result !== undefined).map(commandStatus);
    return statuses.length === results.length ? Math.max(...statuses) : exit;
  },
};
