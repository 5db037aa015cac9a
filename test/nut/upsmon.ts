/** A real upsmon, the primary of a UPS as it runs on a host with the cable. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../nodes/until.ts';
import { type RunningProgram, runProgram } from './nut-programs.ts';
import type { Scope, Upsd } from './upsd.ts';

export interface Upsmon {
  /** What `upsmon -c fsd` does: tells it that the site must go down. It sets FSD on its UPS, then ends. */
  forceShutdown(): Promise<void>;
  log(): string;
}

/** upsmon's pid file is always in /run/nut: a mount of its own, so that it is nobody else's. */
const privateRun = 'mount -t tmpfs tmpfs /run && mkdir /run/nut && exec "$@"';

/** For `runProgram`'s `within`. */
export const inPrivateRun = ['unshare', '--mount', 'sh', '-c', privateRun, 'sh'];

/** Needs root. Its command for the shutdown does nothing. */
export async function startUpsmon(
  scope: Scope,
  upsd: Upsd,
  ups: string,
  user: { readonly name: string; readonly password: string },
): Promise<Upsmon> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-upsmon-'));
  const lines = [
    `MONITOR ${ups}@${upsd.host}:${upsd.port} 1 ${user.name} ${user.password} primary`,
    'MINSUPPLIES 1',
    'SHUTDOWNCMD "/bin/true"',
    'POLLFREQ 1',
    'POLLFREQALERT 1',
    'HOSTSYNC 1',
    'FINALDELAY 0',
    `POWERDOWNFLAG ${folder}/killpower`,
  ];
  writeFileSync(join(folder, 'upsmon.conf'), `${lines.join('\n')}\n`, { mode: 0o600 });
  const program = runProgram('upsmon', ['-F', '-p'], { folder, within: inPrivateRun, asRoot: true });
  scope.teardown(async () => {
    await program.end('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  await until(() => hasLoggedIn(program, upsd), {
    what: `upsmon is logged in at upsd; it said\n${program.log()}`,
  });
  return {
    forceShutdown: async () => {
      // `upsmon -c fsd` sends this signal to the pid in its file.
      program.child.kill('SIGUSR1');
      await program.exited;
    },
    log: program.log,
  };
}

function hasLoggedIn(program: RunningProgram, upsd: Upsd): boolean {
  if (program.child.exitCode !== null) throw new Error(`upsmon ended: ${program.log()}`);
  return upsd.log().includes('logged into UPS');
}
