/**
 * A manager with 1,000 agents on loopback: heartbeats every 5 s, 50 unit changes per second in all. What the manager
 * costs, and how long until all are back after its death. The agents are real ones on a fake systemd, without TLS,
 * in the bench's own process.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { until } from '../nodes/until.ts';
import { freePort, ManagerProcess } from '../site/manager-process.ts';
import { memoryOf, memoryText } from './memory-of.ts';
import type { BenchResult } from './result.ts';
import { SimulatedAgent } from './simulated-agent.ts';

const count = Number(process.env.HECATE_BENCH_AGENTS ?? 1000);
const unitsEach = 60;
const changesPerSecond = 50;
const watchedMs = Number(process.env.HECATE_BENCH_SECONDS ?? 30) * 1000;
const names = Array.from({ length: count }, (_, n) => `sim-${n}`);
const changed = 'unit-1.service';

/** utime + stime of proc_pid_stat(5), in clock ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function startAgents(port: number): SimulatedAgent[] {
  const units = Array.from({ length: unitsEach }, (_, n) => ({ name: `unit-${n}.service` }));
  return names.map((name) => new SimulatedAgent({ name, manager: { host: '127.0.0.1', port }, units }));
}

async function untilAllBack(agents: readonly SimulatedAgent[]): Promise<number> {
  const startedAtMs = performance.now();
  await until(() => agents.every((agent) => agent.isConnected), {
    what: `${agents.length} sessions (${agents.find((agent) => !agent.isConnected)?.lastFailure ?? ''})`,
    timeoutMs: 120_000,
    intervalMs: 20,
  });
  return Math.round(performance.now() - startedAtMs);
}

/** Units that go up and down, one after the other over all nodes. @returns ends it */
function keepChanging(agents: readonly SimulatedAgent[]): () => void {
  const startedAtMs = performance.now();
  let made = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAtMs) * changesPerSecond) / 1000);
    for (; made < due; made += 1) {
      const isUp = Math.floor(made / agents.length) % 2 === 0;
      agents[made % agents.length]?.systemd.change(
        changed,
        isUp ? 'active' : 'inactive',
        isUp ? 'running' : 'dead',
      );
    }
  }, 20);
  return () => clearInterval(timer);
}

export async function simulatedAgents(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-bench-'));
  const port = await freePort();
  const config = { heartbeat_interval: '5s', plain_loopback_listen: `127.0.0.1:${port}`, nodes: names };
  const manager = new ManagerProcess({
    folder,
    listen: { host: '127.0.0.1', port: await freePort() },
    config,
  });
  let agents: SimulatedAgent[] = [];
  try {
    await manager.start();
    const empty = memoryOf(manager.pid);
    agents = startAgents(port);
    const allThereMs = await untilAllBack(agents);
    const stopChanging = keepChanging(agents);
    await setTimeout(5000);
    const [before, startedAtMs] = [cpuMs(manager.pid), performance.now()];
    await setTimeout(watchedMs);
    const coreShare = (cpuMs(manager.pid) - before) / (performance.now() - startedAtMs);
    const full = memoryOf(manager.pid);
    stopChanging();
    await manager.stop('SIGKILL');
    await until(() => agents.every((agent) => !agent.isConnected), {
      what: 'all lost it',
      timeoutMs: 60_000,
    });
    const restartedAtMs = performance.now();
    await manager.start();
    const startMs = Math.round(performance.now() - restartedAtMs);
    const backMs = startMs + (await untilAllBack(agents));
    return {
      name: 'simulated-agents',
      aim: 'a few hundredths of a core; all back within seconds',
      ratios: {
        'cores used': Math.round(coreShare * 1000) / 1000,
        'memory ÷ empty manager': Math.round((full.anonymous / empty.anonymous) * 100) / 100,
      },
      lines: [
        `${count} agents of ${unitsEach} units there after ${allThereMs} ms`,
        `manager's CPU over ${watchedMs / 1000} s: ${(coreShare * 100).toFixed(1)} % of a core`,
        `manager's memory: ${memoryText(full)} (without agents: ${memoryText(empty)})`,
        `after SIGKILL and start: ${startMs} ms until it listens, ${backMs} ms until all are back`,
      ],
      raw: {
        count,
        unitsEach,
        changesPerSecond,
        watchedMs,
        coreShare,
        empty,
        full,
        allThereMs,
        startMs,
        backMs,
      },
    };
  } finally {
    await Promise.all(agents.map((agent) => agent.close()));
    await manager.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
