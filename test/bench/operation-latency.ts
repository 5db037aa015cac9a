/**
 * One `start` over an open session (operator → manager → agent → systemd, and back), beside the same StartUnit made
 * directly on the node's bus, in turns. The unit is a oneshot that runs /bin/true: a real start each time.
 */
import { connect } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { createHello, createNodeSelection, createOperate } from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { FleetNode } from '../nodes/node.ts';
import { nodeProgram } from '../site/manager-process.ts';
import { startSite } from '../site/site.ts';
import { dialDirectly } from './dial-directly.ts';
import type { BenchResult } from './result.ts';
import { microseconds, milliseconds, ratio, summarize } from './statistics.ts';

const rounds = 300;
const warmUpRounds = 30;
/** What an operation leaves behind (its records, systemd's last signals) must not be measured with the next. */
const pauseMs = 15;

const unit = `[Service]
Type=oneshot
ExecStart=/bin/true
`;

/** A session of an operator, as hecatectl has it. */
export async function openOperatorSession(socket: string): Promise<Session> {
  const connection = connect(socket);
  await new Promise((resolve, reject) => connection.once('connect', resolve).once('error', reject));
  return new Promise((resolve) => {
    const session = new Session('dialler', streamTransport(connection, socket), systemClock, {
      onEstablished: () => resolve(session),
    });
    session.open(createHello({ peerKind: 'operator', name: 'bench', protocolMin: 1, protocolMax: 1 }));
  });
}

async function viaSession(session: Session, node: string): Promise<number> {
  const value = createOperate({
    nodes: createNodeSelection({ patterns: [node] }),
    verb: 'start',
    units: ['bench.service'],
    timeLimitMs: 10_000,
  });
  let status = '';
  const startedAtMs = performance.now();
  await session.call(
    { case: 'operate', value },
    {
      timeLimitMs: 12_000,
      onItem: (item) => {
        if (item.case === 'nodeOutcome') status = item.value.outcome?.status ?? '';
      },
    },
  );
  const tookMs = performance.now() - startedAtMs;
  if (status !== 'done') throw new Error(`an operation ended with ${status}`);
  return tookMs;
}

async function openDirect(node: FleetNode): Promise<{ start: () => Promise<number>; end: () => void }> {
  const script = `${node.repository}/test/bench/direct-caller.ts`;
  const caller = await node.spawn([nodeProgram, script, node.kind === 'user' ? 'user' : 'system']);
  caller.child.stderr?.pipe(process.stderr);
  if (!caller.child.stdout) throw new Error('no output of the direct caller');
  const lines: Interface = createInterface({ input: caller.child.stdout });
  const iterator = lines[Symbol.asyncIterator]();
  await iterator.next();
  return {
    async start() {
      caller.child.stdin?.write('bench.service\n');
      const tookMs = Number((await iterator.next()).value);
      if (Number.isNaN(tookMs)) throw new Error('a direct start failed');
      return tookMs;
    },
    end: () => void caller.kill('SIGKILL'),
  };
}

export async function operationLatency(): Promise<BenchResult> {
  const site = await startSite({
    names: ['bench1'],
    units: { 'bench.service': unit },
    config: { heartbeat_interval: '5s' },
  });
  try {
    await dialDirectly(site, 'bench1');
    const session = await openOperatorSession(site.manager.socket);
    const direct = await openDirect(site.node('bench1'));
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds + warmUpRounds; round += 1) {
      await setTimeout(pauseMs);
      const directMs = await direct.start();
      await setTimeout(pauseMs);
      const sessionMs = await viaSession(session, 'bench1');
      if (round < warmUpRounds) continue;
      theirs.push(microseconds(directMs));
      ours.push(microseconds(sessionMs));
    }
    direct.end();
    session.end('HEC_SHUTTING_DOWN', 'done');
    const [a, b] = [summarize(ours), summarize(theirs)];
    return {
      name: 'operation-latency',
      aim: 'at most 1.3 at the median, and at p99',
      ratios: { p50: ratio(a.p50, b.p50), p95: ratio(a.p95, b.p95), p99: ratio(a.p99, b.p99) },
      lines: [
        `over an open session  p50 ${milliseconds(a.p50)}  p95 ${milliseconds(a.p95)}  p99 ${milliseconds(a.p99)}`,
        `directly on the bus   p50 ${milliseconds(b.p50)}  p95 ${milliseconds(b.p95)}  p99 ${milliseconds(b.p99)}`,
      ],
      raw: { sessionMs: ours, directMs: theirs },
    };
  } finally {
    await site.destroy();
  }
}
