/** One verb on many units of many nodes: sends it, tells each answer as it comes, and what was not answered. */
import { asHecateError, type ErrorCode, HecateError, isSessionEnd } from '@hecate/proto/core/errors.ts';
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import type { Item } from '@hecate/proto/core/frames.ts';
import { isGlob } from '@hecate/proto/core/glob.ts';
import {
  createOperate,
  createVerbOptions,
  type LeftOut,
  type NodeOutcome,
  type NodeSelection,
  type Verb,
  type VerbOptions,
} from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';
import { displayWidth } from './core/display-width.ts';
import { exitOfOutcome, worstExit } from './core/exit-status.ts';
import { outcomeText, withGivenLimit } from './core/outcome-text.ts';
import { printable } from './core/printable.ts';
import { singleNode } from './core/selection.ts';
import { nodeOutcomeJson } from './output/outcome-json.ts';

/** What the manager waits for a job when nothing is said: systemd's own DefaultTimeoutStartSec. */
const operationTimeLimitMs = 90_000;
const logLinesDefault = 10;

export interface OperateRequest {
  readonly verb: Verb;
  readonly nodes: NodeSelection;
  readonly units: readonly string[];
  readonly options?: Partial<VerbOptions>;
  readonly onOutput?: (item: Extract<Item, { case: 'output' }>['value']) => Promise<void>;
}

export interface OperateResult {
  readonly answers: readonly NodeOutcome[];
  readonly exit: ExitName;
}

/** The answer did not come or was no answer: what was sent may have been applied, as after any end of the session. */
const lossCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HEC_CONNECTION',
  'HEC_HEARTBEAT',
  'HEC_SHUTTING_DOWN',
  'HEC_TIMEOUT',
  'HEC_PROTOCOL',
  'HEC_CANCELLED',
]);

const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));

/** Prints answers one by one, in columns as wide as what was named. */
class AnswerPrinter {
  readonly answers: NodeOutcome[] = [];
  readonly #context: Context;
  readonly #request: OperateRequest;
  #nodeWidth: number;
  #unitWidth: number;

  constructor(context: Context, request: OperateRequest) {
    this.#context = context;
    this.#request = request;
    this.#nodeWidth = Math.max(0, ...request.nodes.patterns.map((text) => text.length));
    this.#unitWidth = Math.max(0, ...request.units.map((text) => text.length));
  }

  take(answer: NodeOutcome): void {
    this.answers.push(answer);
    const { out } = this.#context;
    if (out.isJson) {
      if (out.style.format === 'jsonl') {
        out.json(nodeOutcomeJson(answer));
        out.flush();
      }
      return;
    }
    if (answer.verb === 'exec' && answer.outcome?.execResult) this.#tellExecuted(answer);
    else this.#tellOutcome(answer);
  }

  #tellOutcome(answer: NodeOutcome): void {
    const { out } = this.#context;
    const isDone = answer.outcome?.status === 'done';
    const { sentence, tone, details } = outcomeText(answer);
    const node = printable(answer.node);
    const unit = printable(answer.unit === '' ? '-' : answer.unit);
    this.#nodeWidth = Math.max(this.#nodeWidth, node.length);
    this.#unitWidth = Math.max(this.#unitWidth, unit.length);
    if (!isDone || !out.style.isQuiet) {
      out.line(`${pad(node, this.#nodeWidth)}  ${pad(unit, this.#unitWidth)}  ${out.paint(sentence, tone)}`);
      out.flush();
    }
    const tell = isDone ? (text: string) => out.note(text) : (text: string) => out.error(text);
    for (const detail of details) tell(`    ${detail}`);
  }

  /** The output has told what a command did; a bad end of one among several would be overlooked. */
  #tellExecuted({ node, outcome }: NodeOutcome): void {
    const status = outcome?.execResult?.exitStatus ?? 0;
    const isAlone = singleNode(this.#request.nodes) !== undefined;
    const how = outcome?.execResult?.exitCode === 'exited' ? 'exit status' : 'ended by signal';
    if (status !== 0 && !isAlone) this.#context.out.error(`${printable(node)}: ${how} ${status}`);
    if (outcome?.execResult?.outputTruncated) {
      this.#context.out.error(
        `${printable(node)}: there was more output than is carried: the rest was left out`,
      );
    }
  }

  /** Which of those that were named outright have no answer; undefined when patterns hide it. */
  unanswered(): string[] | undefined {
    const { nodes, units } = this.#request;
    if (nodes.all || [...nodes.patterns, ...units].some(isGlob)) return undefined;
    const expected = nodes.patterns.flatMap((node) =>
      units.length === 0 ? [node] : units.map((unit) => `${node} ${unit}`),
    );
    const told = new Set(this.answers.map(({ node, unit }) => (unit === '' ? node : `${node} ${unit}`)));
    return expected.filter((each) => !told.has(each));
  }

  finish(): void {
    const { out } = this.#context;
    if (out.style.format === 'json') out.json(this.answers.map(nodeOutcomeJson));
    out.flush();
  }
}

function tellUnanswered(context: Context, printer: AnswerPrinter, why: string): void {
  const missing = printer.unanswered();
  const count = printer.answers.length;
  context.out.error(
    `hecatectl: ${why}: ${count} answered; ${missing ? `not answered: ${missing.join(', ')}` : 'what is not listed was not answered'}`,
  );
  context.out.error(
    '  next: what was not answered may still be carried out before its deadline, and never after it: hecatectl status NODE UNIT',
  );
}

/** A pattern does not mean what a node cannot be reached without; it is not passed over in silence. */
function tellLeftOut({ out }: Context, verb: Verb, leftOut: readonly LeftOut[]): void {
  if (leftOut.length === 0) return;
  const units = leftOut.map(({ unit, nodes }) => `${printable(unit)} (${printable(nodes.join(', '))})`);
  out.error(`hecatectl: left out, because a node is cut off without them: ${units.join(', ')}`);
  out.error(`  next: to ${verb} one of them, name it without a pattern`);
}

export async function operate(context: Context, request: OperateRequest): Promise<OperateResult> {
  const printer = new AnswerPrinter(context, request);
  const timeLimitMs = context.timeLimitMs(operationTimeLimitMs);
  const value = createOperate({
    nodes: request.nodes,
    verb: request.verb,
    units: [...request.units],
    options: createVerbOptions(request.options),
    timeLimitMs,
    logLines: logLinesDefault,
  });
  const onItem = (item: Item): Promise<void> | undefined => {
    if (item.case === 'nodeOutcome') printer.take(withGivenLimit(item.value, timeLimitMs));
    return item.case === 'output' ? request.onOutput?.(item.value) : undefined;
  };
  // Whatever goes wrong before this resolves was certainly not sent.
  await context.manager();
  const exits: ExitName[] = [];
  try {
    const summary = await context.ask(
      'operateSummary',
      { case: 'operate', value },
      { timeLimitMs, isLimitedByManager: true, onItem },
    );
    tellLeftOut(context, request.verb, summary.leftOut);
    if (summary.operations > printer.answers.length) {
      tellUnanswered(context, printer, `the manager told of ${summary.operations} operations`);
      exits.push('unknown');
    }
  } catch (thrown) {
    exits.push(onLoss(context, printer, asHecateError(thrown)));
  }
  printer.finish();
  exits.push(...printer.answers.map(({ outcome }) => exitOfOutcome(outcome)));
  return { answers: printer.answers, exit: worstExit(exits) };
}

function onLoss(context: Context, printer: AnswerPrinter, error: HecateError): ExitName {
  if (error.code === 'HEC_CANCELLED' && context.signal.aborted) {
    tellUnanswered(context, printer, 'interrupted');
    return 'interrupted';
  }
  if (!isSessionEnd(error) && !lossCodes.has(error.code)) {
    if (printer.answers.length === 0) throw error;
    throw new HecateError(
      error.code,
      `${error.message} (after ${printer.answers.length} answers)`,
      error.remedy,
      error,
    );
  }
  tellUnanswered(context, printer, `no whole answer came (${error.message})`);
  return 'unknown';
}
