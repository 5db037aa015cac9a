/** What of hecatectl is the business of the manager's own program on this host: it is run, and answers in one document. */
import { spawn } from 'node:child_process';
import { errorOfFailure, HecateError } from '@hecate/proto/core/errors.ts';
import { managerProgram } from './manager-program.ts';

/** A report names files, nodes and runs of one site. */
const answerBytesMax = 16 * 1024 * 1024;

/**
 * @param args such as `backup --config FILE OUT`
 * @returns its report. @throws its failure; HEC_UNSUPPORTED when the manager is not installed on this host; HEC_CANCELLED
 */
export async function runManagerProgram<Report>(
  args: readonly string[],
  signal: AbortSignal,
): Promise<Report> {
  const program = managerProgram(process.argv[1] ?? '', process.env.PATH ?? '');
  if (program === undefined)
    throw new HecateError(
      'HEC_UNSUPPORTED',
      'hecate-manager is not installed on this host: looked beside this program and in PATH',
      'run this on the host of the manager',
    );
  const text = await outputOf([...program, ...args], signal);
  const answer = parseAnswer<Report>(text);
  if ('failure' in answer) throw errorOfFailure(answer.failure);
  return answer.report;
}

type Answer<Report> =
  | { readonly report: Report }
  | { readonly failure: { readonly code: string; readonly message: string; readonly remedy: string } };

function parseAnswer<Report>(text: string): Answer<Report> {
  try {
    const answer = JSON.parse(text) as Answer<Report>;
    if ('report' in answer || 'failure' in answer) return answer;
  } catch {
    // The same as for what is JSON and no answer.
  }
  throw new HecateError(
    'HEC_VERSION',
    'hecate-manager on this host did not answer as expected',
    'are hecatectl and hecate-manager of one release? hecatectl version',
  );
}

/** It is not killed by an interrupt of ours: what it has begun, it finishes or takes back itself. */
function outputOf([file = '', ...args]: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.length > answerBytesMax) child.stdout.destroy();
    });
    child.once('error', (thrown) =>
      reject(
        new HecateError(
          'HEC_UNSUPPORTED',
          `${file} cannot be run: ${thrown.message}`,
          'it is a part of the package hecate-manager: install that again',
          thrown,
        ),
      ),
    );
    child.once('close', () => resolve(text));
    signal.addEventListener('abort', () => reject(new HecateError('HEC_CANCELLED', 'interrupted')), {
      once: true,
    });
  });
}
