import { HecateError } from '@hecate/proto/core/errors.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { LogEntry } from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { allNodesOption, nodeArgument, single, unitsArgument } from '../core/command-definition.ts';
import { printable } from '../core/printable.ts';
import { singleNode } from '../core/selection.ts';
import { localTime } from '../output/time-text.ts';
import { expandUnits, failuresJson, forEachUnit, readNodes } from '../read-nodes.ts';

/** What `-n` is when nothing is said and the whole journal was not asked for. */
const linesDefault = 100;

function linesMax(context: Context): number {
  const text = context.invocation.text('lines');
  if (text === undefined) return context.invocation.text('since') ? 0 : linesDefault;
  if (text === 'all') return 0;
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new HecateError('HEC_USAGE', `--lines cannot be ${JSON.stringify(text)}`, 'a number, or "all"');
}

const entryJson = (node: string, unit: string, entry: LogEntry): Record<string, unknown> => ({
  node,
  unit,
  at: new Date(entry.realtimeUs / 1000).toISOString(),
  priority: entry.priority,
  identifier: entry.identifier,
  pid: entry.pid === 0 ? null : entry.pid,
  message: entry.message,
});

/** Like journalctl's short format: time, who, message; further lines of a message are indented. */
function entryText(entry: LogEntry, prefix: string): string {
  const who = entry.pid === 0 ? entry.identifier : `${entry.identifier}[${entry.pid}]`;
  const lines = entry.message.replace(/\n$/, '').split('\n').map(printable);
  const head = `${prefix}${localTime(entry.realtimeUs / 1000)} ${printable(who)}: `;
  return lines.map((line, index) => `${index === 0 ? head : `${prefix}    `}${line}\n`).join('');
}

export const command: Command = {
  definition: {
    name: 'logs',
    group: 'look',
    summary: 'show what units wrote to the journal of their node',
    description: [
      'Reads the journal of the node, where the unit runs: nothing is collected in advance. The last 100 lines are shown unless --lines or --since says otherwise.',
      '--follow goes on with what is written from now on, until Ctrl-C, --timeout, or at the latest after a day. When that time is over it ends without a word, with exit status 124. Ctrl-C ends the reading only, nothing on the node.',
    ],
    arguments: [
      nodeArgument,
      single({ ...unitsArgument, description: 'the unit, several with commas between, or a pattern' }),
    ],
    options: [
      allNodesOption,
      { long: 'follow', short: 'f', description: 'go on with what is written from now on' },
      {
        long: 'lines',
        short: 'n',
        valueName: 'COUNT',
        description: 'the last COUNT lines; "all" for all of them',
      },
      {
        long: 'since',
        valueName: 'TIME',
        description: 'not older than this, as journalctl takes it: "-1h", "today", "2026-11-21 13:00"',
      },
      { long: 'until', valueName: 'TIME', description: 'not newer than this' },
    ],
    examples: [
      { command: 'hecatectl logs node-a k3s -f', explanation: 'follows k3s.service on node-a' },
      {
        command: 'hecatectl logs --all k3s --since -10min',
        explanation: 'the last ten minutes of every node',
      },
    ],
    exits: ['notFound', 'offline', 'failed', 'timeout'],
    schema: 'log-entry',
    isStream: true,
  },
  run: async (context) => {
    const { invocation, out } = context;
    const follow = invocation.flag('follow');
    const targets = await expandUnits(context, context.units);
    const isAlone = targets.length === 1 && singleNode(context.nodes) !== undefined;
    const timeLimitMs = context.timeLimitMs(follow ? limits.timeLimitMsMax : undefined);
    const shared = {
      follow,
      since: invocation.text('since') ?? '',
      until: invocation.text('until') ?? '',
      linesMax: linesMax(context),
    };
    let count = 0;
    const result = await forEachUnit(targets, (unit, nodes) =>
      readNodes(
        context,
        { case: 'readLogs', value: { unit, ...shared } },
        (node, reading) => {
          if (reading.case !== 'logs') return;
          const { entries } = reading.value;
          count += entries.length;
          if (out.isJson) {
            return out.stream(
              entries.map((entry) => `${JSON.stringify(entryJson(node, unit, entry))}\n`).join(''),
            );
          }
          const prefix = isAlone ? '' : `${out.paint(`${printable(node)} ${printable(unit)}`, 'faint')} `;
          return out.stream(entries.map((entry) => entryText(entry, prefix)).join(''));
        },
        { nodes, unit, timeLimitMs },
      ),
    );
    if (out.isJson) for (const failure of failuresJson(result)) out.line(JSON.stringify(failure));
    else if (count === 0 && !follow && result.failures.length === 0)
      out.note(
        printable(
          `no log lines of ${context.units.join(', ')}; is the name right? hecatectl list-units --all`,
        ),
      );
    return result.exit;
  },
};
