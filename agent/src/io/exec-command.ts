/**
 * A command on the node, as a transient unit of systemd: it lives in a control group of its own, is seen in
 * `systemctl` and can be stopped whole. systemd-run connects its output to us; there is no shell.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
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
const stopRetryMs = 100;

export function runCommand(
  request: CommandRequest,
  systemd: SystemdPort,
  bus: 'system' | 'user',
  sink: OutputSink,
): RunningCommand {
  const unit = execUnitName(request.opId);
  let isOver = false;
  let isStopping = false;
  /** Asked for again while systemd does not know the unit: systemd-run may be about to start it. */
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    while (!isOver) {
      const isAccepted = await systemd.startJob('stop', unit).then(
        () => true,
        () => false,
      );
      if (isAccepted) return;
      await sleep(stopRetryMs);
    }
  };
  const run = async (): Promise<ExecResult> => {
    let isBegun = false;
    const unlisten = systemd.onJobRemoved((job) => {
      if (job.unit === unit && job.result === 'done') isBegun = true;
    });
    try {
      const end = await runToEnd(argvOf(request, unit, bus), sink, () => void stop());
      if (end.status === 0) return createExecResult({ exitStatus: 0, exitCode: 'exited' });
      return await resultOf(unit, end, systemd, () => isBegun);
    } finally {
      isOver = true;
      unlisten();
    }
  };
  return { ended: run(), stop: () => void stop() };
}

interface CommandEnd {
  /** systemd-run's own. */
  readonly status: number;
  /** The first of what came on stderr. */
  readonly lastWords: string;
}

/** @param stop called once when nobody listens any more */
async function runToEnd(argv: readonly string[], sink: OutputSink, stop: () => void): Promise<CommandEnd> {
  const child = spawn('systemd-run', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => {
      const remedy = 'systemd-run is part of systemd: install it on the node';
      reject(
        new HecateError('HEC_EXEC_FAILED', `systemd-run cannot be run: ${cause.message}`, remedy, cause),
      );
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
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
  const [status] = await Promise.all([exited, listen(1, child.stdout), listen(2, child.stderr)]);
  return { status, lastWords: lastWords.trim().slice(0, stderrLengthMax) };
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
    // To systemd an end by SIGTERM is one in order, and forgotten. This fails then, and the unit stays to be read.
    '--property=ExecStopPost=/usr/bin/test $EXIT_CODE = exited',
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

/**
 * What systemd saw; systemd-run's own status does not tell a signal, or a failure before the command, from an
 * exit status. A unit that failed stays until it is looked at.
 * @param isBegun whether the start job ended well, so that the command ran: known after any call that follows it
 */
async function resultOf(
  unit: string,
  { status, lastWords }: CommandEnd,
  systemd: SystemdPort,
  isBegun: () => boolean,
): Promise<ExecResult> {
  const outcome = await systemd.unitOutcome(unit).catch(() => undefined);
  // The bus went away meanwhile: systemd-run hands the exit status on as its own.
  if (!outcome) return createExecResult({ exitStatus: status, exitCode: 'exited' });
  await systemd.resetFailed(unit).catch(() => undefined);
  const { execMainCode = 0, execMainStatus = status } = outcome;
  if (execMainCode === 0)
    throw new HecateError('HEC_EXEC_FAILED', lastWords || 'the command could not be started');
  const why = execMainCode === 1 && !isBegun() ? ownStatuses[execMainStatus] : undefined;
  if (why !== undefined)
    throw new HecateError(
      'HEC_EXEC_FAILED',
      `the command could not be run: ${why} (${execMainStatus} of systemd; or the command itself ended with that at once)`,
    );
  return createExecResult({ exitStatus: execMainStatus, exitCode: codes[execMainCode] ?? 'exited' });
}

/** systemd's own, of before the command ran (systemd.exec(5), "Process exit codes"): those that can happen here. */
const ownStatuses: Readonly<Record<number, string>> = {
  200: 'there is no such working directory, or it cannot be entered',
  203: 'the program cannot be executed',
};

/** CLD_EXITED, CLD_KILLED, CLD_DUMPED of wait(2). */
const codes: Readonly<Record<number, string>> = { 1: 'exited', 2: 'killed', 3: 'dumped' };
