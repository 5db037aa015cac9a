/**
 * A command on the node, as a transient unit of systemd: it lives in a control group of its own, is seen in
 * `systemctl` and can be stopped whole. systemd-run connects its output to us; there is no shell.
 */
import { spawn } from 'node:child_process';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { createExecResult, type ExecResult } from '@hecate/proto/generated/wire.ts';
import type { SystemdPort } from '../core/systemd-port.ts';

export interface CommandRequest {
  readonly opId: string;
  readonly argv: readonly string[];
  /** Empty: systemd's default, the root folder. */
  readonly workingDirectory: string;
}

export interface RunningCommand {
  /** @throws HEC_EXEC_FAILED when it could not be started */
  readonly ended: Promise<ExecResult>;
  /** Ends the whole control group; `ended` follows. */
  stop(): void;
}

/** @returns false when nobody listens any more */
export type OutputSink = (channel: 1 | 2, data: Uint8Array) => Promise<boolean>;

export const execUnitName = (opId: string): string => `hecate-exec-${opId.toLowerCase()}.service`;

const stderrLengthMax = 2000;
/** From SIGTERM to SIGKILL. */
const stopGrace = '5s';

export function runCommand(
  request: CommandRequest,
  systemd: SystemdPort,
  bus: 'system' | 'user',
  sink: OutputSink,
): RunningCommand {
  const unit = execUnitName(request.opId);
  const child = spawn('systemd-run', argvOf(request, unit, bus), { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | HecateError>((resolve) => {
    child.once('error', (cause) => {
      const remedy = 'systemd-run is part of systemd: install it on the node';
      resolve(
        new HecateError('HEC_EXEC_FAILED', `systemd-run cannot be run: ${cause.message}`, remedy, cause),
      );
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
  const stop = (): void => {
    systemd.startJob('stop', unit).catch(() => undefined);
  };
  let lastWords = '';
  const listen = async (channel: 1 | 2, stream: AsyncIterable<Buffer>): Promise<void> => {
    let isHeard = true;
    for await (const chunk of stream) {
      if (channel === 2 && lastWords.length < stderrLengthMax) lastWords += chunk.toString('utf8');
      if (isHeard && !(await sink(channel, chunk))) {
        isHeard = false;
        stop();
      }
    }
  };
  const heard = Promise.all([listen(1, child.stdout), listen(2, child.stderr)]);
  const end = async (): Promise<ExecResult> => {
    const [status] = await Promise.all([exited, heard]);
    if (status instanceof HecateError) throw status;
    return resultOf(unit, status, systemd, lastWords.trim().slice(0, stderrLengthMax));
  };
  return { ended: end(), stop };
}

function argvOf({ argv, workingDirectory }: CommandRequest, unit: string, bus: 'system' | 'user'): string[] {
  return [
    ...(bus === 'user' ? ['--user'] : []),
    '--pipe',
    '--wait',
    '--quiet',
    `--unit=${unit}`,
    '--service-type=exec',
    `--property=TimeoutStopSec=${stopGrace}`,
    ...(workingDirectory === '' ? [] : [`--working-directory=${workingDirectory}`]),
    '--',
    ...argv.slice(0, 1),
    ...argv.slice(1).map(keepDollars),
  ];
}

/**
 * systemd puts its environment's variables into the arguments of a unit (systemd.service(5), "Command lines");
 * a doubled dollar is a plain one. The program itself is looked up as it is.
 */
const keepDollars = (argument: string): string => argument.replaceAll('$', '$$$$');

/** A unit that failed stays until it is looked at, which tells its exit status from one of systemd-run's own. */
async function resultOf(
  unit: string,
  status: number,
  systemd: SystemdPort,
  lastWords: string,
): Promise<ExecResult> {
  if (status === 0) return createExecResult({ exitStatus: 0, exitCode: 'exited' });
  try {
    const outcome = await systemd.unitOutcome(unit);
    if (outcome.loadState === 'not-found' || outcome.execMainCode === 0 || outcome.execMainCode === undefined)
      throw new HecateError('HEC_EXEC_FAILED', lastWords || 'the command could not be started');
    await systemd.resetFailed(unit).catch(() => undefined);
    if (outcome.result === 'exec-condition' || outcome.execMainStatus === 203)
      throw new HecateError('HEC_EXEC_FAILED', lastWords || 'the command could not be executed (203/EXEC)');
    const exitCode = codes[outcome.execMainCode] ?? 'exited';
    return createExecResult({ exitStatus: outcome.execMainStatus ?? status, exitCode });
  } catch (error) {
    const known = asHecateError(error);
    if (known.code === 'HEC_EXEC_FAILED') throw known;
    // The bus went away meanwhile: systemd-run hands the exit status on as its own.
    return createExecResult({ exitStatus: status, exitCode: 'exited' });
  }
}

/** CLD_EXITED, CLD_KILLED, CLD_DUMPED of wait(2). */
const codes: Readonly<Record<number, string>> = { 1: 'exited', 2: 'killed', 3: 'dumped' };
