/** `runs.json`: the runs that are over, newest last, each with its report and with what durations are learnt from. */
import { createRunReport, type RunReport } from '@hecate/proto/generated/wire.ts';
import { readFileIfThere, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { damagedFile } from '@hecate/proto/io/file-errors.ts';
import type { PastRun } from '../core/runs/past-run.ts';

export interface HistoryEntry {
  readonly past: PastRun;
  readonly report: RunReport;
}

interface HistoryFile {
  readonly version: 1;
  readonly runs: readonly HistoryEntry[];
}

/** Runs that are kept (I14), dry ones among them, and how many with every operation: of older ones the steps do. */
const runsMax = 200;
const dryRunsMax = 20;
const runsInFullMax = 20;
/** Of each plan and mode so many are kept longer: durations are learnt from them, however often others run. */
const likeRunsMin = 10;
const plansMax = 20;

export class RunHistory {
  readonly #path: string;
  #entries: readonly HistoryEntry[];
  #tail: Promise<void> = Promise.resolve();

  private constructor(path: string, entries: readonly HistoryEntry[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /** @throws HEC_STATE when it cannot be read, or is not a history */
  static async open(path: string): Promise<RunHistory> {
    const text = await readFileIfThere(path);
    return new RunHistory(path, text === undefined ? [] : parse(path, text));
  }

  /** Oldest first. */
  all(): readonly HistoryEntry[] {
    return this.#entries;
  }

  get(runId: string): HistoryEntry | undefined {
    return this.#entries.find(({ past }) => past.id === runId);
  }

  /** Known at once; resolves when it is durable. One that is there already is replaced. @throws HEC_STATE */
  add(entry: HistoryEntry): Promise<void> {
    const others = this.#entries.filter(({ past }) => past.id !== entry.past.id);
    const kept = bounded([...others, entry].sort(byAge));
    const inFullFrom = kept.length - runsInFullMax;
    this.#entries = kept.map((each, index) => (index < inFullFrom ? inBrief(each) : each));
    const written = this.#tail.then(() => this.#write());
    this.#tail = written.catch(() => undefined);
    return written;
  }

  async #write(): Promise<void> {
    const file: HistoryFile = { version: 1, runs: this.#entries };
    await writeFileAtomically(this.#path, `${JSON.stringify(file)}\n`);
  }

  close(): Promise<void> {
    return this.#tail;
  }
}

/** Ids begin with the time. */
const byAge = (a: HistoryEntry, b: HistoryEntry): number => (a.past.id < b.past.id ? -1 : 1);

/** @param entries oldest first */
function bounded(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const kept: HistoryEntry[] = [];
  const likes = new Map<string, number>();
  let dryRuns = 0;
  for (const entry of entries.toReversed()) {
    const { plan, mode, isDryRun } = entry.past;
    if (isDryRun) {
      dryRuns += 1;
      if (dryRuns <= dryRunsMax && kept.length < runsMax) kept.unshift(entry);
      continue;
    }
    const key = `${mode} ${plan}`;
    const likesBefore = likes.get(key) ?? 0;
    likes.set(key, likesBefore + 1);
    const isLearntFrom = likesBefore < likeRunsMin && likes.size <= plansMax;
    if (kept.length < runsMax || isLearntFrom) kept.unshift(entry);
  }
  return kept;
}

function inBrief({ past, report }: HistoryEntry): HistoryEntry {
  const stages = report.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => ({ ...step, operations: [] })),
  }));
  return { past, report: { ...report, stages } };
}

function parse(path: string, text: string): HistoryEntry[] {
  try {
    const { version, runs } = JSON.parse(text) as Partial<HistoryFile>;
    if (version !== 1 || !Array.isArray(runs)) throw new TypeError('not a history of runs');
    return (runs as HistoryEntry[]).map(({ past, report }) => {
      if (typeof past.id !== 'string' || !Array.isArray(past.steps)) throw new TypeError('not a run');
      return { past, report: createRunReport(report) };
    });
  } catch (cause) {
    const expected = 'the history of runs';
    const remedy =
      'restore it from a backup, or move it away: durations are then learnt anew, from the declared ones on';
    throw damagedFile(path, { text, expected, remedy, cause });
  }
}
