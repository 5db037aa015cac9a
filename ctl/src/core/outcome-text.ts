/** One operation's outcome in words: a line, and under it what a person needs to go on. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { errorTable, isErrorCode } from '@hecate/proto/core/errors.ts';
import { systemdResult } from '@hecate/proto/core/systemd-result.ts';
import type { NodeOutcome, OperationOutcome, OutcomeStatus, Verb } from '@hecate/proto/generated/wire.ts';
import { printable } from './printable.ts';
import type { Tone } from './table.ts';

export interface OutcomeText {
  /** "started", "failed: exit-code (exit status 1)". */
  readonly sentence: string;
  readonly tone: Tone;
  /** Last log lines, then the next step; empty when all is well. */
  readonly details: readonly string[];
}

const pastTense: Record<Verb, string> = {
  unspecified: 'done',
  start: 'started',
  stop: 'stopped',
  restart: 'restarted',
  'try-restart': 'restarted, if it was active',
  reload: 'reloaded',
  'reload-or-restart': 'reloaded or restarted',
  kill: 'signalled',
  freeze: 'frozen',
  thaw: 'thawed',
  'reset-failed': 'failed state reset',
  enable: 'enabled',
  disable: 'disabled',
  mask: 'masked',
  unmask: 'unmasked',
  'daemon-reload': 'systemd reloaded its unit files',
  'set-default': 'default target set',
  exec: 'ran',
  poweroff: 'powering off',
  reboot: 'rebooting',
};

const fallback: Record<OutcomeStatus, string> = {
  unspecified: 'answered in a way that this version does not understand',
  done: 'done',
  failed: 'failed',
  timeout: 'begun, and not finished within the time limit; the job goes on',
  refused: 'refused: nothing was applied',
  offline: 'offline: nothing was sent',
  unknown: 'cut off in flight: begun before its deadline, or never',
};

/** `exit status 1`, `killed by signal 9`: from ExecMainCode and ExecMainStatus (waitid's si_code). */
function execText(outcome: OperationOutcome): string {
  const evidence = outcome.evidence;
  if (!evidence || evidence.execMainCode === 0) return '';
  if (evidence.execMainCode === 1)
    return evidence.execMainStatus === 0 ? '' : ` (exit status ${evidence.execMainStatus})`;
  return ` (killed by signal ${evidence.execMainStatus})`;
}

/** systemd's message alone: the agent puts the call of the bus before it, `StartUnit("x.service"): …`. */
const failureMessage = (outcome: OperationOutcome): string =>
  systemdResult(outcome) === '' ? outcome.message.replace(/^[A-Z]\w+\([^()]*\): /, '') : outcome.message;

function failedSentence(outcome: OperationOutcome): string {
  const unitResult = outcome.evidence?.result ?? '';
  const results = [...new Set([systemdResult(outcome), unitResult])].filter(
    (text) => text !== '' && text !== 'success' && text !== 'done',
  );
  // "failed" is what systemd calls every failed job; the unit's own result says more.
  const telling = results.length > 1 ? results.filter((text) => text !== 'failed') : results;
  const why = telling.length > 0 && telling[0] !== 'failed' ? `: ${telling.join(', ')}` : '';
  const message = why === '' && outcome.message !== '' ? `: ${failureMessage(outcome)}` : '';
  return printable(`failed${why}${execText(outcome)}${message}`);
}

function doneSentence(verb: Verb, outcome: OperationOutcome): string {
  const notes = [
    outcome.result === 'skipped' ? 'skipped: a condition of the unit did not hold' : '',
    outcome.inferred ? 'concluded from the state of the unit' : '',
    outcome.replayed ? 'answered from its journal' : '',
    outcome.changes.length === 0 && ['enable', 'disable', 'mask', 'unmask'].includes(verb)
      ? 'nothing to change'
      : '',
    outcome.durationMs >= 1000 ? formatDuration(outcome.durationMs) : '',
  ].filter((note) => note !== '');
  return notes.length > 0 ? `${pastTense[verb]} (${notes.join('; ')})` : pastTense[verb];
}

function sentenceOf(verb: Verb, outcome: OperationOutcome): string {
  if (outcome.status === 'done') return doneSentence(verb, outcome);
  if (outcome.status === 'failed') return failedSentence(outcome);
  const sentence = fallback[outcome.status];
  if (outcome.message === '') return sentence;
  return printable(
    outcome.message.startsWith(outcome.status) ? outcome.message : `${outcome.status}: ${outcome.message}`,
  );
}

function nextStep({
  node,
  unit,
  outcome,
}: {
  node: string;
  unit: string;
  outcome: OperationOutcome;
}): string {
  if (outcome.remedy !== '') return printable(outcome.remedy);
  switch (outcome.status) {
    case 'failed':
      if (outcome.code === 'HEC_EXEC_FAILED')
        return 'the command is looked for on the node itself, and runs there without a shell';
      return unit === ''
        ? `hecatectl status ${node}`
        : `hecatectl status ${node} ${unit}; hecatectl logs ${node} ${unit}`;
    case 'timeout':
      return `its outcome, once it is known: hecatectl operation ${outcome.opId}`;
    case 'refused':
      if (isErrorCode(outcome.code) && errorTable[outcome.code].retryable) return 'try again in a moment';
      return `what the node allows: its /etc/hecate/agent-policy.conf; what you may do: your role at the manager`;
    case 'offline':
      return `hecatectl doctor ${node}`;
    case 'unknown':
    case 'unspecified':
      return `it is resolved when the node is back: hecatectl operation ${outcome.opId}`;
    case 'done':
      return '';
  }
}

const tones: Record<OutcomeStatus, Tone> = {
  unspecified: 'doubtful',
  done: 'good',
  failed: 'bad',
  timeout: 'bad',
  refused: 'bad',
  offline: 'doubtful',
  unknown: 'doubtful',
};

/**
 * Names the limit that the caller gave: the node's message names what was left of it when the request came there.
 * @param timeLimitMs what was asked for
 */
export function withGivenLimit(answer: NodeOutcome, timeLimitMs: number): NodeOutcome {
  const { outcome } = answer;
  if (outcome?.status !== 'timeout') return answer;
  const message = outcome.message.replace(
    /\bnot finished within [\d.]+ [a-z]+( \d+ [a-z]+)?/,
    `not finished within ${formatDuration(timeLimitMs)}`,
  );
  return { ...answer, outcome: { ...outcome, message } };
}

export function outcomeText(answer: NodeOutcome): OutcomeText {
  const { outcome, verb, node, unit } = answer;
  if (!outcome) return { sentence: 'no outcome was given', tone: 'doubtful', details: [] };
  const changes = outcome.changes.map(({ change, file, source }) =>
    printable(source === '' ? `${change} ${file}` : `${change} ${file} → ${source}`),
  );
  const details = [...changes];
  if (outcome.status !== 'done') {
    details.push(...outcome.logLines.map((line) => `| ${printable(line)}`));
    const message = outcome.status === 'failed' ? printable(failureMessage(outcome)) : '';
    if (message !== '' && !sentenceOf(verb, outcome).includes(message)) details.push(message);
    details.push(`next: ${nextStep({ node, unit, outcome })}`);
  }
  return { sentence: sentenceOf(verb, outcome), tone: tones[outcome.status], details };
}
