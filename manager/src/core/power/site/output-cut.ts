/**
 * The power race: hosts that have powered themselves off stay off when mains comes back before the battery is empty. A
 * UPS that cuts its own output for a moment (`shutdown.return`) has them switched on by their power supplies. Whether
 * and how it can, from what it offers. Pure.
 *
 * NUT's words (docs/cmdvars.txt, docs/nut-names.txt): `ups.delay.shutdown` is how long after the command the output
 * goes off, `ups.delay.start` how long after that it comes back, at the earliest, once mains is there.
 */
import { formatSeconds } from '../../plan/plan-words.ts';

export interface UpsOffer {
  readonly commands: ReadonlySet<string>;
  readonly settable: ReadonlySet<string>;
  /** Everything that it tells. */
  readonly variables: ReadonlyMap<string, string>;
}

export const cutCommand = 'shutdown.return';
/** Takes a {@link cutCommand} back whose delay is not over (NUT: "stop a shutdown in progress"). */
export const stopCommand = 'shutdown.stop';
export const delayVariable = 'ups.delay.shutdown';
const startVariable = 'ups.delay.start';

export interface CutPlan {
  /** Why it cannot be cut, in a sentence that follows its name; empty: it can. */
  readonly hindrance: string;
  readonly remedy: string;
  /** Variables to be set before, in order, with their values. */
  readonly settings: readonly { readonly variable: string; readonly value: string }[];
  /** From the command until the output goes off; undefined: it cannot be cut. */
  readonly delayMs: number | undefined;
}

const minuteSeconds = 60;

/**
 * @param neededMs from the command until the coordinator is off, at most
 */
export function planCut({ commands, settable, variables }: UpsOffer, neededMs: number): CutPlan {
  if (!commands.has(cutCommand)) {
    const known = [...commands].sort().slice(0, 20).join(', ') || 'none';
    return impossible(
      `does not offer ${cutCommand}`,
      `its commands: ${known} (upscmd -l); take cut_power away`,
    );
  }
  const toldSeconds = secondsOf(variables.get(delayVariable));
  const neededSeconds = Math.ceil(neededMs / 1000);
  const isLongEnough = toldSeconds !== undefined && toldSeconds >= neededSeconds;
  if (!isLongEnough && !settable.has(delayVariable))
    return impossible(
      toldSeconds === undefined
        ? `does not tell how long after ${cutCommand} its output goes off (${delayVariable})`
        : `cuts its output ${formatSeconds(1000 * toldSeconds)} after ${cutCommand}, and the coordinator takes up to ${formatSeconds(neededMs)} to go off`,
      `set a longer delay in the driver's section of ups.conf (offdelay), or a shorter power.coordinator_halt`,
    );
  // Drivers of serial UPSes take whole minutes only, from a minute on (nutdrv_qx(8)).
  const delaySeconds = isLongEnough ? toldSeconds : wholeMinutes(neededSeconds);
  const settings = isLongEnough ? [] : [{ variable: delayVariable, value: String(delaySeconds) }];
  const startSeconds = secondsOf(variables.get(startVariable));
  // Where it counts from the command on, too, it must be the longer one (usbhid-ups(8)).
  if (startSeconds !== undefined && startSeconds <= delaySeconds && settable.has(startVariable))
    settings.push({ variable: startVariable, value: String(wholeMinutes(delaySeconds + minuteSeconds)) });
  return { hindrance: '', remedy: '', settings, delayMs: 1000 * delaySeconds };
}

const impossible = (hindrance: string, remedy: string): CutPlan => ({
  hindrance,
  remedy,
  settings: [],
  delayMs: undefined,
});

const wholeMinutes = (seconds: number): number => minuteSeconds * Math.ceil(seconds / minuteSeconds);

/** Negative ones stand for "never", and "not set". */
function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*[0-9]{1,6}(\.[0-9]+)?\s*$/.test(text) ? Number(text) : undefined;
}
