/** Waits until the manager says that the site may be started up: for the manager, for power, for runs that go on. */
import { asHecateError, errorTable, HecateError, isSessionEnd } from '@hecate/proto/core/errors.ts';
import { createGetPower, type PowerStartup } from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';
import { printable } from './core/printable.ts';
import { clock } from './io/clock.ts';
import { pause } from './io/pause.ts';

/** Soon enough after minutes of waiting, and next to nothing for the manager. */
export const lookIntervalMs = 2000;
/** What it waits for is said when it is another reason, and again so often: figures alone change at every look. */
const tellIntervalMs = 60_000;

const withoutFigures = (sentence: string): string => sentence.replaceAll(/\d[\d.]*( (h|min|s|ms|%))*/g, '');

class Told {
  readonly #context: Context;
  #sentence = '';
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(context: Context) {
    this.#context = context;
  }

  tell(sentence: string): void {
    const nowMs = clock.nowMs();
    const isSame = withoutFigures(sentence) === withoutFigures(this.#sentence);
    if (isSame && nowMs - this.#atMs < tellIntervalMs) return;
    this.#sentence = sentence;
    this.#atMs = nowMs;
    this.#context.out.note(printable(`hecatectl: waiting: ${sentence}`));
  }
}

/**
 * @param deadlineMs of `clock`; Infinity: as long as it takes
 * @returns why it may be started
 * @throws HEC_INTENT when somebody wants the site down; HEC_TIMEOUT
 */
export async function awaitStartup(context: Context, deadlineMs: number): Promise<string> {
  const told = new Told(context);
  for (;;) {
    const { state, sentence } = await look(context);
    if (state === 'ready') return sentence;
    if (state === 'refused') throw refused(sentence);
    told.tell(sentence);
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) throw new HecateError('HEC_TIMEOUT', `nothing was started up: ${sentence}`, again);
    await pause(context.signal, Math.min(lookIntervalMs, leftMs));
    if (context.signal.aborted) throw new HecateError('HEC_CANCELLED', 'interrupted: nothing was started up');
  }
}

const again = 'once it is over: hecatectl bootstrap';

const refused = (sentence: string): HecateError =>
  new HecateError('HEC_INTENT', `nothing is started up: ${sentence}`, `hecatectl runs list; ${again}`);

/** A manager that is not there is waited for: at boot it starts at the same time. */
async function look(context: Context): Promise<Pick<PowerStartup, 'state' | 'sentence'>> {
  try {
    const { startup } = await context.ask('power', { case: 'getPower', value: createGetPower() });
    if (startup) return startup;
  } catch (thrown) {
    const error = asHecateError(thrown);
    if (context.signal.aborted || !isPassing(error)) throw error;
    await context.forgetManager();
    return { state: 'waiting', sentence: error.message };
  }
  const message = 'the manager does not say whether the site may be started up';
  throw new HecateError('HEC_UNSUPPORTED', message, 'is it older than hecatectl? hecatectl version');
}

/** Of a manager that is not there, or is busy: it is asked again. */
export const isPassing = (error: HecateError): boolean =>
  isSessionEnd(error) || errorTable[error.code].retryable || error.code === 'HEC_TIMEOUT';
