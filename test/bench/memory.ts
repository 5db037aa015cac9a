/**
 * Memory of an idle agent and an idle manager, then over many operations and reconnects: a leak is a line that does
 * not level off. `HECATE_BENCH_OPERATIONS=100000 HECATE_BENCH_RECONNECTS=1000` for the long run.
 */
import { setTimeout } from 'node:timers/promises';
import { createNodeSelection, createOperate } from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import { until } from '../nodes/until.ts';
import { type Site, startSite } from '../site/site.ts';
import { type Memory, memoryOf, memoryText } from './memory-of.ts';
import { openOperatorSession } from './operation-latency.ts';
import type { BenchResult } from './result.ts';

const operations = Number(process.env.HECATE_BENCH_OPERATIONS ?? 3000);
const reconnects = Number(process.env.HECATE_BENCH_RECONNECTS ?? 30);
/** Points of measurement on the way: enough to see a line level off. */
const steps = 3;
const inFlight = 16;
/**
 * Of each operation. An agent remembers 10,000 that a late frame could still bring back; with 30 s of time limit that
 * would be 333 a second, which one session outruns.
 */
const timeLimitMs = 5000;
const node = 'memory1';
/** Both collect garbage when they have been idle for 30 s. */
const restMs = 32_000;

/** Starting what runs already is the quickest operation that systemd makes a job for. */
const unit = `[Service]
ExecStart=sleep infinity
`;

interface Sample {
  readonly when: string;
  readonly agent: Memory;
  readonly manager: Memory;
}

async function operate(session: Session, count: number): Promise<void> {
  const value = createOperate({
    nodes: createNodeSelection({ patterns: [node] }),
    verb: 'start',
    units: ['live.service'],
    timeLimitMs,
  });
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const options = { timeLimitMs: 2 * timeLimitMs, onItem: () => undefined };
      const outcome = await session.call({ case: 'operate', value }, options);
      const worst = outcome.case === 'operateSummary' ? outcome.value.worst : outcome.case;
      if (worst !== 'done') throw new Error(`an operation ended with ${worst}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

/** Breaks the agent's connection and waits for its next one. */
async function reconnect(site: Site, count: number): Promise<void> {
  const { proxy } = site.userNode(node);
  if (!proxy) throw new Error('the node has no proxy');
  for (let round = 0; round < count; round += 1) {
    const before = proxy.counters().accepted;
    proxy.reset();
    await until(() => proxy.counters().accepted > before, { what: 'the next session', timeoutMs: 30_000 });
    await site.untilOnline(node);
  }
}

export async function memory(): Promise<BenchResult> {
  const site = await startSite({
    names: [node],
    units: { 'live.service': unit },
    config: { heartbeat_interval: '5s' },
  });
  const samples: Sample[] = [];
  const sample = async (when: string): Promise<void> => {
    await setTimeout(restMs);
    const [agent, manager] = [memoryOf(site.agent(node).pid), memoryOf(site.manager.pid)];
    samples.push({ when, agent, manager });
  };
  try {
    await site.node(node).systemctl('start', 'live.service');
    const session = await openOperatorSession(site.manager.socket);
    await sample('idle');
    for (let step = 1; step <= steps; step += 1) {
      await operate(session, Math.ceil(operations / steps));
      await sample(`after ${Math.ceil((operations * step) / steps)} operations`);
    }
    await reconnect(site, reconnects);
    await sample(`after ${reconnects} reconnects`);
    session.end('HEC_SHUTTING_DOWN', 'done');
  } finally {
    await site.destroy();
  }
  return toResult(samples);
}

function toResult(samples: readonly Sample[]): BenchResult {
  const [idle, first, last] = [samples[0], samples[1], samples.at(-1)];
  const grown = (end: Sample | undefined, begin: Sample | undefined, of: 'agent' | 'manager'): number =>
    Math.round(((end?.[of].anonymous ?? Number.NaN) / (begin?.[of].anonymous ?? Number.NaN)) * 100) / 100;
  return {
    name: 'memory',
    aim: 'an idle agent of 10 MiB anonymous; end ÷ first third at most 1.05',
    ratios: {
      'agent idle ÷ aim': Math.round((idle?.agent.anonymous ?? Number.NaN) * 10) / 100,
      'agent end ÷ first third': grown(last, first, 'agent'),
      'manager end ÷ first third': grown(last, first, 'manager'),
    },
    lines: samples.flatMap(({ when, agent, manager }) => [
      `${when.padEnd(24)} agent    ${memoryText(agent)}`,
      `${''.padEnd(24)} manager  ${memoryText(manager)}`,
    ]),
    raw: { operations, reconnects, samples },
  };
}
