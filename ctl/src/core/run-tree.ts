/** A run as a tree of stages and steps for a terminal: how far it is, what it waits for, what went wrong. Pure. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { RunOperationReport, RunReport, RunStage, RunStep } from '@hecate/proto/generated/wire.ts';
import { displayWidth, truncate } from './display-width.ts';
import { printable } from './printable.ts';
import { isOver, isStepOver, modeText, runIdOf, stateOf, stateText, toneOfState } from './run-state.ts';
import type { Tone } from './table.ts';

export interface TreeView {
  /** Cells of the terminal; lines are cut there, never wrapped: it is redrawn in place. Undefined: nothing is cut. */
  readonly width: number | undefined;
  /** Lines of the terminal that may be used; undefined: as many as it takes. */
  readonly heightMax: number | undefined;
  /** How long ago the report came: the clocks of what is running go on. */
  readonly sinceReportMs: number;
  readonly paint: (text: string, tone: Tone) => string;
}

/** One line: what it says, and at its right edge how long. */
interface Line {
  readonly indent: number;
  readonly sign: string;
  readonly text: string;
  readonly time: string;
  readonly tone: Tone;
}

const signs: Readonly<Record<string, string>> = {
  done: '✓',
  degraded: '!',
  failed: '✗',
  'left-out': '–',
  running: '▸',
  pending: '·',
};

/** Operations that are told of by name; more are counted. */
const operationsShownMax = 8;
const detailsShownMax = 6;

/** What is left out first when the terminal is too low. */
interface Detail {
  /** Stages that are over are one line. */
  readonly isPastShort: boolean;
  /** Stages that have not begun are one line. */
  readonly isFutureShort: boolean;
  readonly hasOperations: boolean;
}

const details: readonly Detail[] = [
  { isPastShort: false, isFutureShort: false, hasOperations: true },
  { isPastShort: true, isFutureShort: false, hasOperations: true },
  { isPastShort: true, isFutureShort: true, hasOperations: true },
  { isPastShort: true, isFutureShort: true, hasOperations: false },
];

export function runTree(report: RunReport, view: TreeView): string[] {
  const { heightMax } = view;
  let lines: Line[] = [];
  for (const detail of details) {
    lines = treeLines(report, view, detail);
    if (heightMax === undefined || lines.length <= heightMax) break;
  }
  const shown = heightMax === undefined ? lines : aroundTheRunning(lines, heightMax);
  return shown.map((line) => drawn(line, view));
}

/** Of a tree that is still too high: its head, and the part that is running. */
function aroundTheRunning(lines: readonly Line[], heightMax: number): Line[] {
  if (lines.length <= heightMax) return [...lines];
  const head = lines.slice(0, Math.min(headLines, heightMax));
  const room = Math.max(0, heightMax - head.length);
  const running = lines.findLastIndex(({ sign }) => sign === signs.running);
  const first = Math.max(headLines, Math.min(running, lines.length - room));
  return [...head, ...lines.slice(first, first + room)];
}

const headLines = 2;

function treeLines(report: RunReport, view: TreeView, detail: Detail): Line[] {
  return [
    ...headOf(report, view),
    ...report.stages.flatMap((stage, index) => stageLines(stage, index + 1, view, detail)),
    ...footOf(report),
  ];
}

const plain = (text: string, indent = 0, tone: Tone = 'plain'): Line => ({
  indent,
  sign: '',
  text,
  time: '',
  tone,
});

function headOf(report: RunReport, view: TreeView): Line[] {
  const { summary, expectedMs, boundMs, timeLimitMs, pastNoReturn } = report;
  const state = summary === undefined ? '' : stateText(summary);
  const rung = summary && summary.rung !== '' && summary.rung !== 'full' ? `, rung ${summary.rung}` : '';
  const mode = summary && modeText(summary) !== '' ? ` (${modeText(summary)})` : '';
  const title = `${summary?.plan ?? ''}${mode}  ${runIdOf(report)}  ${state}${rung}`;
  const elapsedMs = report.elapsedMs + (isOver(report) ? 0 : view.sinceReportMs);
  const times = [
    summary?.dryRun ? '' : `elapsed ${formatDuration(elapsedMs)}`,
    `expected ${formatDuration(expectedMs)}`,
    `at most ${formatDuration(boundMs)}`,
    timeLimitMs === 0 ? '' : `limit ${formatDuration(timeLimitMs)}`,
    pastNoReturn && !isOver(report) ? 'past the point of no return' : '',
  ];
  return [
    plain(title, 0, toneOfState(stateOf(report))),
    plain(times.filter(Boolean).join(' · '), 0, 'faint'),
  ];
}

function stageLines(stage: RunStage, number: number, view: TreeView, detail: Detail): Line[] {
  const { steps } = stage;
  const isPast = steps.every(isStepOver);
  const isFuture = steps.every(({ state }) => state === 'pending' || state === 'would-run');
  const state = stageState(steps, isPast);
  const durationMs = steps.reduce((sum, step) => sum + shownMs(step, view), 0);
  const head: Line = {
    indent: 0,
    sign: signs[state] ?? '·',
    text: `stage ${number}: ${stage.name}${wordOf(state)}`,
    time: isFuture || state === 'left-out' ? '' : formatDuration(durationMs),
    tone: toneOfState(state),
  };
  const isShort = (isPast && detail.isPastShort) || (isFuture && detail.isFutureShort);
  return isShort ? [head] : [head, ...steps.flatMap((step) => stepLines(step, view, detail))];
}

/** What is as it should be is said by its sign and its time. */
const wordOf = (state: string): string =>
  ['done', 'running', 'pending', 'would-run'].includes(state) ? '' : `: ${state.replace('-', ' ')}`;

/** The worst of its steps once they are over. */
function stageState(steps: readonly RunStep[], isPast: boolean): string {
  const has = (state: string): boolean => steps.some((step) => step.state === state);
  if (has('failed')) return 'failed';
  if (steps.length > 0 && steps.every(({ state }) => state === 'left-out')) return 'left-out';
  if (isPast) return has('degraded') ? 'degraded' : 'done';
  return steps.some(({ state }) => state === 'running') || steps.some(isStepOver) ? 'running' : 'pending';
}

const shownMs = ({ state, durationMs }: RunStep, { sinceReportMs }: TreeView): number =>
  state === 'running' ? durationMs + sinceReportMs : durationMs;

function stepLines(step: RunStep, view: TreeView, { hasOperations }: Detail): Line[] {
  const { id, name, state, why, waitingFor, method } = step;
  const attempt = method > 0 ? ` (method ${method + 1})` : '';
  const head: Line = {
    indent: 1,
    sign: signs[state] ?? '·',
    text: `${id} ${name}${attempt}${wordOf(state)}`,
    time: stepTime(step, view),
    tone: toneOfState(state),
  };
  const reason = why === '' ? [] : [plain(why, 3, 'doubtful')];
  const waits = waitingFor !== '' && !isStepOver(step) ? waitLines(step) : [];
  const operations = hasOperations ? operationLines(step) : [];
  return [head, ...reason, ...waits, ...operations];
}

function stepTime(step: RunStep, view: TreeView): string {
  const { state, expectedMs, boundMs } = step;
  if (state === 'left-out') return '';
  if (isStepOver(step)) return formatDuration(step.durationMs);
  const bounds = `expected ${formatDuration(expectedMs)}, at most ${formatDuration(boundMs)}`;
  return state === 'running' ? `${formatDuration(shownMs(step, view))}, ${bounds}` : bounds;
}

/** A gate is its sentence, which may be the name of its step already, and under it why it does not hold yet. */
function waitLines({ name, state, waitingFor, details: reasons }: RunStep): Line[] {
  const verb = state === 'would-run' ? 'it would wait until' : 'waiting until';
  const sentence = waitingFor === name ? [] : [plain(`${verb} ${waitingFor}`, 3)];
  const shown = reasons.slice(0, detailsShownMax).map((reason) => plain(reason, 4, 'faint'));
  return [...sentence, ...shown, ...moreThan(reasons.length, detailsShownMax)];
}

/** Of a step that is over, only those that did not end well. */
function operationLines(step: RunStep): Line[] {
  const told = isStepOver(step) ? step.operations.filter(({ state }) => state !== 'done') : step.operations;
  const shown = told.slice(0, operationsShownMax).map(operationLine);
  return [...shown, ...moreThan(told.length, operationsShownMax)];
}

const moreThan = (count: number, shown: number): Line[] =>
  count > shown ? [plain(`and ${count - shown} more`, 4, 'faint')] : [];

function operationLine({ node, verb, unit, state, message, result }: RunOperationReport): Line {
  const what = unit === '' ? `${node} ${verb}` : `${node} ${verb} ${unit}`;
  const why = message || (state === 'done' || result === state ? '' : result);
  const ended = why === '' ? state : `${state}: ${why}`;
  return plain(`${what}: ${ended.replace('would-', 'would ')}`, 3, toneOfState(state));
}

/** The steps have told of themselves; this is what belongs to none. */
function footOf({ degradations, summary, armed }: RunReport): Line[] {
  const ofNoStep = degradations.filter((text) => !text.startsWith('step '));
  const shown = ofNoStep.map((text) => plain(`degraded: ${text}`, 0, 'doubtful'));
  const why = summary?.why ? [plain(summary.why, 0, toneOfState(summary.state))] : [];
  const orders =
    armed.length === 0 ? [] : [plain(`may hold a dead man's order: ${armed.join(', ')}`, 0, 'faint')];
  return [...shown, ...why, ...orders];
}

function drawn({ indent, sign, text, time, tone }: Line, { width, paint }: TreeView): string {
  const head = `${'  '.repeat(indent)}${sign === '' ? '' : `${sign} `}`;
  const clean = printable(text);
  if (width === undefined)
    return head + paint(clean, tone) + (time === '' ? '' : `  ${paint(time, 'faint')}`);
  const room = Math.max(1, width - displayWidth(head));
  // On a narrow terminal the text gives way to the time, down to a third; then the time goes.
  const roomOfText = time === '' ? room : room - displayWidth(time) - 2;
  const isTimeShown = time !== '' && roomOfText >= Math.min(displayWidth(clean), Math.floor(room / 3));
  if (!isTimeShown) return head + paint(truncate(clean, room), tone);
  const shown = truncate(clean, roomOfText);
  const gap = ' '.repeat(Math.max(2, room - displayWidth(shown) - displayWidth(time)));
  return head + paint(shown, tone) + gap + paint(time, 'faint');
}
