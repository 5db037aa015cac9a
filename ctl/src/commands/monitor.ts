import type { Item } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { MonitorEvent } from '@hecate/proto/generated/wire.ts';
import type { Command, Context } from '../context.ts';
import { nodeArgument, optional, unitsArgument } from '../core/command-definition.ts';
import { outcomeText } from '../core/outcome-text.ts';
import { printable } from '../core/printable.ts';
import { unitJson } from '../output/fleet-json.ts';
import { nodeOutcomeJson, timeOrNull } from '../output/outcome-json.ts';
import { activeTone, connectionText, connectionTone } from '../output/state-tone.ts';
import { localTime } from '../output/time-text.ts';
import { isTimeUp } from '../read-nodes.ts';

/** ctl/schema/monitor-event.json */
function eventJson({ atMs, node, event }: MonitorEvent): Record<string, unknown> {
  const common = { at: timeOrNull(atMs), node, event: event.case ?? 'unknown' };
  switch (event.case) {
    case 'connection':
      return { ...common, connection: event.value };
    case 'unit':
      return { ...common, ...unitJson(node, event.value, false), event: 'unit' };
    case 'unitRemoved':
      return { ...common, event: 'unit-removed', unit: event.value };
    case 'job':
      return { ...common, unit: event.value.unit, job_id: event.value.jobId, result: event.value.result };
    case 'outcome':
      return { ...common, ...nodeOutcomeJson(event.value), event: 'outcome', node };
    case 'dropped':
      return { ...common, event: 'dropped', count: event.value };
    case undefined:
      return common;
  }
}

function eventText(context: Context, { event }: MonitorEvent): string {
  const { out } = context;
  switch (event.case) {
    case 'connection':
      return `node is ${out.paint(connectionText(event.value), connectionTone(event.value))}`;
    case 'unit': {
      const { name, activeState, subState, jobId, jobType } = event.value;
      const job = jobId === 0 ? '' : `, job: ${printable(jobType)}`;
      return `${printable(name)}  ${out.paint(printable(activeState), activeTone(activeState))} (${printable(subState)})${job}`;
    }
    case 'unitRemoved':
      return `${printable(event.value)}  unloaded`;
    case 'job':
      return `${printable(event.value.unit)}  job ${event.value.jobId} ended: ${printable(event.value.result)}`;
    case 'outcome': {
      const { unit, verb } = event.value;
      const { sentence, tone } = outcomeText(event.value);
      return `${printable(unit || '-')}  ${verb}: ${out.paint(sentence, tone)}`;
    }
    case 'dropped':
      return out.paint(`${event.value} events were lost: this reader is too slow`, 'doubtful');
    case undefined:
      return 'something that this version does not know';
  }
}

export const command: Command = {
  definition: {
    name: 'monitor',
    group: 'look',
    summary: 'show changes of nodes and units as they happen',
    description: [
      'Prints one line for every change: nodes that come and go, states of units, jobs that end, outcomes of operations. It begins with what happens next, not with what is.',
      'It goes on until Ctrl-C, --timeout, or at the latest after a day. When that time is over it ends without a word, with exit status 124. Ctrl-C ends the watching only. A reader that is too slow loses events and is told how many.',
    ],
    arguments: [
      { ...optional(nodeArgument), description: 'only these nodes' },
      { ...optional(unitsArgument), description: 'only these units: names or patterns' },
    ],
    options: [],
    examples: [
      { command: 'hecatectl monitor', explanation: 'everything' },
      {
        command: "hecatectl monitor node-a 'k3s*' -o jsonl",
        explanation: 'some units of one node, for a program',
      },
    ],
    exits: ['notFound', 'timeout'],
    schema: 'monitor-event',
    isStream: true,
  },
  run: async (context) => {
    const { out, invocation } = context;
    const patterns = invocation.operands('UNIT').length > 0 ? context.units : [];
    if (out.isTerminal) out.note('watching; Ctrl-C ends the watching and changes nothing');
    const timeLimitMs = context.timeLimitMs(limits.timeLimitMsMax);
    const onItem = (item: Item): void | Promise<void> => {
      if (item.case !== 'event') return;
      if (out.isJson) return out.stream(`${JSON.stringify(eventJson(item.value))}\n`);
      const { atMs, node } = item.value;
      const head = `${out.paint(localTime(atMs), 'faint')}  ${printable(node || '-')}  `;
      return out.stream(`${head}${eventText(context, item.value)}\n`);
    };
    const value = { nodes: context.nodes, patterns };
    try {
      await context.ask('done', { case: 'monitor', value }, { timeLimitMs, onItem });
      return 'success';
    } catch (thrown) {
      if (isTimeUp(thrown)) return 'timeout';
      throw thrown;
    }
  },
};
