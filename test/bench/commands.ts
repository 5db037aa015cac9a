/**
 * `hecatectl start` and `hecatectl list-units` as whole commands, beside systemctl on the node itself and systemctl
 * through ssh (a real sshd on a booted node, keys made for this run), in turns; and `node -e 0`, which is the floor.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { FleetNode } from '../nodes/node.ts';
import { nodeProgram } from '../site/manager-process.ts';
import { type Site, startSite } from '../site/site.ts';
import type { BenchResult } from './result.ts';
import { microseconds, milliseconds, ratio, summarize } from './statistics.ts';

const rounds = 60;
const warmUpRounds = 5;
const script = '/test/bench/command-timer.ts';

const unit = `[Service]
Type=oneshot
ExecStart=/bin/true
`;

interface Timer {
  time(argv: readonly string[], env?: Record<string, string>): Promise<number>;
  end(): void;
}

async function timerOf(child: ChildProcess): Promise<Timer> {
  if (!child.stdout || !child.stdin) throw new Error('the timer has no pipes');
  const { stdin } = child;
  child.stderr?.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    async time(argv, env) {
      stdin.write(`${JSON.stringify({ argv, ...(env ? { env } : {}) })}\n`);
      const { value } = await lines.next();
      const { tookMs, exitCode, stderr } = JSON.parse(value as string) as Record<string, unknown>;
      if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr}`);
      return tookMs as number;
    },
    end: () => void stdin.end(),
  };
}

const timerOn = async (node: FleetNode): Promise<Timer> =>
  timerOf((await node.spawn([`${node.repository}/node_modules/.bin/node`, node.repository + script])).child);

/** Keys of this run; the server's own key is told to the client, so that nothing is trusted blindly. */
async function openSsh(client: FleetNode, server: FleetNode): Promise<readonly string[]> {
  const key = `${client.home}/bench-key`;
  const known = `${client.home}/bench-known-hosts`;
  await client.runOrThrow(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await server.runOrThrow(['ssh-keygen', '-A']);
  await server.writeFile(`${server.home}/.ssh/authorized_keys`, await client.readFile(`${key}.pub`), 0o600);
  const hostKey = await server.readFile('/etc/ssh/ssh_host_ed25519_key.pub');
  await client.writeFile(known, `${server.address} ${hostKey}`);
  await server.runOrThrow(['systemctl', 'start', 'ssh.service']);
  return [
    'ssh',
    '-i',
    key,
    '-o',
    `UserKnownHostsFile=${known}`,
    '-o',
    'BatchMode=yes',
    `root@${server.address}`,
  ];
}

async function measure(site: Site): Promise<Record<string, number[]>> {
  const [server, client] = [site.node('bench1'), site.node('bench2')];
  const ssh = await openSsh(client, server);
  const here = await timerOf(spawn(nodeProgram, [import.meta.dirname + script.slice('/test/bench'.length)]));
  const [onServer, onClient] = [await timerOn(server), await timerOn(client)];
  const ctl = (...args: string[]): Promise<number> =>
    here.time(site.manager.ctlCommand(args), site.manager.ctlEnvironment());
  const commands: Record<string, () => Promise<number>> = {
    'node -e 0': () => here.time([nodeProgram, '-e', '0'], { PATH: process.env.PATH ?? '' }),
    'hecatectl start': () => ctl('start', 'bench1', 'bench'),
    'systemctl start': () => onServer.time(['systemctl', 'start', 'bench.service']),
    'ssh systemctl start': () => onClient.time([...ssh, 'systemctl start bench.service']),
    'hecatectl list-units': () => ctl('list-units', 'bench1'),
    'systemctl list-units': () => onServer.time(['systemctl', 'list-units']),
    'ssh systemctl list-units': () => onClient.time([...ssh, 'systemctl list-units']),
  };
  const took: Record<string, number[]> = {};
  for (let round = 0; round < rounds + warmUpRounds; round += 1) {
    for (const [name, time] of Object.entries(commands)) {
      const tookMs = await time();
      took[name] ??= [];
      if (round >= warmUpRounds) took[name].push(microseconds(tookMs));
    }
  }
  for (const timer of [here, onServer, onClient]) timer.end();
  return took;
}

export async function commands(): Promise<BenchResult> {
  const site = await startSite({
    kind: 'booted',
    names: ['bench1', 'bench2'],
    units: { 'bench.service': unit },
  });
  try {
    const took = await measure(site);
    const p50 = (name: string): number => summarize(took[name] ?? []).p50;
    const ratios: Record<string, number> = {};
    for (const verb of ['start', 'list-units']) {
      ratios[`${verb} ÷ ssh`] = ratio(p50(`hecatectl ${verb}`), p50(`ssh systemctl ${verb}`));
      ratios[`${verb} ÷ systemctl`] = ratio(p50(`hecatectl ${verb}`), p50(`systemctl ${verb}`));
      ratios[`${verb} ÷ empty node`] = ratio(p50(`hecatectl ${verb}`), p50('node -e 0'));
    }
    return {
      name: 'commands',
      aim: 'at most 40 ms, and at most 0.33 of ssh',
      ratios,
      lines: Object.entries(took).map(([name, values]) => {
        const { p50, p95, p99 } = summarize(values);
        return `${name.padEnd(25)} p50 ${milliseconds(p50)}  p95 ${milliseconds(p95)}  p99 ${milliseconds(p99)}`;
      }),
      raw: { tookMs: took },
    };
  } finally {
    await site.destroy();
  }
}
