/** Live changes for one watcher. A slow one loses events, is told how many, and never holds up the others. */

import type { Outcome } from '@hecate/proto/core/frames.ts';
import { matchesAny } from '@hecate/proto/core/glob.ts';
import { createMonitorEvent, type Monitor, type MonitorEvent } from '@hecate/proto/generated/wire.ts';
import { selectNodes } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

/** Events that wait for one watcher (I14). */
const queueMax = 1000;

function unitOf(event: MonitorEvent): string | undefined {
  switch (event.event.case) {
    case 'unit':
      return event.event.value.name;
    case 'unitRemoved':
      return event.event.value;
    case 'job':
    case 'outcome':
      return event.event.value.unit;
    default:
      return undefined;
  }
}

function isWanted(event: MonitorEvent, filter: Monitor): boolean {
  const { nodes, patterns } = filter;
  if (nodes && !nodes.all && nodes.patterns.length > 0 && !matchesAny(nodes.patterns, event.node))
    return false;
  const unit = unitOf(event);
  return patterns.length === 0 || unit === undefined || matchesAny(patterns, unit);
}

export async function monitor({ value, context, incoming }: OperatorRequest<Monitor>): Promise<Outcome> {
  const { nodes } = value;
  if (nodes && !nodes.all && nodes.patterns.length > 0) selectNodes(context.fleet.state, nodes);
  const queue: MonitorEvent[] = [];
  let dropped = 0;
  let wake: () => void = () => undefined;
  /** Told where it happened: between what came before it and what came after. */
  const takeLoss = (): MonitorEvent[] => {
    if (dropped === 0) return [];
    const loss = createMonitorEvent({
      atMs: context.clock.wallMs(),
      event: { case: 'dropped', value: dropped },
    });
    dropped = 0;
    return [loss];
  };
  const unwatch = context.fleet.watch({
    onEvent: (event) => {
      if (!isWanted(event, value)) return;
      if (queue.length >= queueMax) dropped += 1;
      else queue.push(...takeLoss(), event);
      wake();
    },
  });
  incoming.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!incoming.signal.aborted) {
      const event = queue.shift() ?? takeLoss()[0];
      if (event) await incoming.sendItem({ case: 'event', value: event });
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    unwatch();
  }
  return { case: 'done', value: {} };
}
