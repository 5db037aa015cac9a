/**
 * From the answer of upsd in which a manager first reads that it must shut down, until the first operation reaches an
 * agent: what Hecate itself adds to the way from the UPS, behind poll and debounce. In turns with NUT's own upsmon, from
 * the same words of the same upsd until its SHUTDOWNCMD runs. `HECATE_BENCH_ROUNDS=100` for more of them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGetPower, createStartRun, createWatchRun } from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import { until } from '../nodes/until.ts';
import { runProgram } from '../nut/nut-programs.ts';
import { startUpsd, type Upsd } from '../nut/upsd.ts';
import { inPrivateRun } from '../nut/upsmon.ts';
import { NutTap } from './nut-tap.ts';
import type { BenchResult } from './result.ts';
import { SimulatedSite } from './simulated-site.ts';
import { microseconds, milliseconds, ratio, summarize } from './statistics.ts';

const rounds = Number(process.env.HECATE_BENCH_ROUNDS ?? 30);
const warmUpRounds = 2;
const nodeCount = 3;
const unit = 'work.service';
const user = { name: 'monitor', password: 'secret' };
const full = { 'ups.status': 'OL', 'battery.runtime': '3600', 'battery.charge': '100' };
/** A forced shutdown that the driver tells: both act on the first look that shows it. */
const forced = { 'ups.status': 'OB FSD' };
const quickly = { timeoutMs: 60_000, intervalMs: 1 };

async function phaseOf(operator: Session): Promise<string> {
  const answer = await operator.call({ case: 'getPower', value: createGetPower() }, { timeLimitMs: 10_000 });
  return answer.case === 'power' ? (answer.value.upses[0]?.phase ?? '') : answer.case;
}

const untilPhase = (operator: Session, phase: string) =>
  until(async () => (await phaseOf(operator)) === phase, { what: `the UPS is ${phase}`, timeoutMs: 60_000 });

/** Brings back what was stopped, so that the next outage finds a site that is up. */
async function startUp(operator: Session): Promise<void> {
  const value = createStartRun({ name: 'startup', mode: 'cluster-only', execute: true });
  const started = await operator.call({ case: 'startRun', value }, { timeLimitMs: 10_000 });
  if (started.case !== 'runStarted') throw new Error(`a startup was not begun: ${started.case}`);
  const runId = started.value.run?.summary?.runId ?? '';
  const watching = { timeLimitMs: 60_000, onItem: () => undefined };
  await operator.call({ case: 'watchRun', value: createWatchRun({ runId }) }, watching);
}

/** @returns ms from the manager's answer to the first operation at an agent, and to the last of its first step */
async function measureHecate(site: SimulatedSite, upsd: Upsd, tap: NutTap, operator: Session) {
  const before = site.jobs('stop');
  const whenTold = tap.whenTold('FSD');
  const isThere = (count: number) =>
    until(() => site.jobs('stop') >= before + count && performance.now(), {
      what: `${count} operations`,
      ...quickly,
    });
  const first = isThere(1);
  const all = isThere(nodeCount);
  await upsd.set('rack', forced);
  const toldAtMs = await whenTold;
  const sample = {
    firstMs: microseconds((await first) - toldAtMs),
    allMs: microseconds((await all) - toldAtMs),
  };
  await untilPhase(operator, 'hosts-off');
  await upsd.set('rack', full);
  await untilPhase(operator, 'recover');
  await startUp(operator);
  await untilPhase(operator, 'online');
  return sample;
}

/** Of a secondary, which waits for nobody. @returns ms from its answer to its command */
async function measureUpsmon(upsd: Upsd, tap: NutTap): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-upsmon-'));
  const pipe = join(folder, 'down');
  execFileSync('mkfifo', [pipe]);
  const lines = [
    `MONITOR peer@${tap.host}:${tap.port} 1 ${user.name} ${user.password} secondary`,
    ...['MINSUPPLIES 1', 'POLLFREQ 1', 'POLLFREQALERT 1', 'HOSTSYNC 1', 'FINALDELAY 0'],
    `SHUTDOWNCMD "echo down > ${pipe}"`,
  ];
  writeFileSync(join(folder, 'upsmon.conf'), `${lines.join('\n')}\n`, { mode: 0o600 });
  // Both ends, so that opening waits for nobody.
  const listening = await open(pipe, 'r+');
  const upsmon = runProgram('upsmon', ['-F', '-p'], { folder, within: inPrivateRun, asRoot: true });
  try {
    await tap.whenTold('"OL"');
    const whenTold = tap.whenTold('FSD');
    const down = listening.read(Buffer.alloc(16)).then(() => performance.now());
    await upsd.set('peer', forced);
    const toldAtMs = await whenTold;
    return microseconds((await down) - toldAtMs);
  } finally {
    await upsmon.end('SIGKILL');
    await listening.close();
    rmSync(folder, { recursive: true });
    await upsd.set('peer', full);
  }
}

async function measure(upsd: Upsd, taps: { readonly ours: NutTap; readonly theirs: NutTap }) {
  const site = await SimulatedSite.start({
    jobsMs: Array.from({ length: nodeCount }, () => 0),
    unit,
    config: {
      inventory: Array.from({ length: nodeCount }, (_, index) => ({ name: `sim-${index}`, units: [unit] })),
      power: {
        upses: [{ name: 'rack', ups: `rack@${taps.ours.host}:${taps.ours.port}` }],
        poll_interval: '200ms',
        mode: 'cluster-only',
      },
    },
  });
  try {
    const operator = await site.operator();
    await untilPhase(operator, 'online');
    const hecate = [];
    const upsmon = [];
    for (let round = 0; round < rounds + warmUpRounds; round += 1) {
      const ours = await measureHecate(site, upsd, taps.ours, operator);
      const theirs = await measureUpsmon(upsd, taps.theirs);
      if (round < warmUpRounds) continue;
      hecate.push(ours);
      upsmon.push(theirs);
    }
    operator.end('HEC_SHUTTING_DOWN', 'measured');
    return { hecate, upsmon };
  } finally {
    await site.close();
  }
}

export async function powerLatency(): Promise<BenchResult> {
  const closers: (() => Promise<void>)[] = [];
  const scope = { teardown: (close: () => Promise<void>) => void closers.unshift(close) };
  try {
    const upsd = await startUpsd(scope, {
      // Each its own: what one is told is nothing to the other.
      upses: { rack: { kind: 'dev', values: full }, peer: { kind: 'dev', values: full } },
      users: { [user.name]: { password: user.password, upsmon: 'secondary' } },
    });
    const taps = { ours: await NutTap.open(upsd.port), theirs: await NutTap.open(upsd.port) };
    closers.push(
      async () => taps.ours.close(),
      async () => taps.theirs.close(),
    );
    return toResult(await measure(upsd, taps));
  } finally {
    for (const close of closers) await close();
  }
}

function toResult({ hecate, upsmon }: Awaited<ReturnType<typeof measure>>): BenchResult {
  const first = summarize(hecate.map(({ firstMs }) => firstMs));
  const all = summarize(hecate.map(({ allMs }) => allMs));
  const theirs = summarize(upsmon);
  const line = (what: string, { p50, p95, max }: typeof first): string =>
    `${what.padEnd(48)} p50 ${milliseconds(p50)}  p95 ${milliseconds(p95)}  max ${milliseconds(max)}`;
  return {
    name: 'power-latency',
    aim: 'the first operation at an agent at most 50 ms after the answer that decides',
    ratios: {
      'p50 ÷ upsmon': ratio(first.p50, theirs.p50),
      'p95 ÷ upsmon': ratio(first.p95, theirs.p95),
      'p95 ÷ aim': ratio(first.p95, 50),
    },
    lines: [
      line('hecate: answer → first operation at an agent', first),
      line(`hecate: answer → all ${nodeCount} operations of its step`, all),
      line('upsmon: answer → SHUTDOWNCMD', theirs),
    ],
    raw: { rounds, nodeCount, hecateMs: hecate, upsmonMs: upsmon },
  };
}
