import { readFileSync } from 'node:fs';

/** Of one process, in MiB. */
export interface Memory {
  /** What the kernel could get back only by swapping: heaps and stacks. */
  readonly anonymous: number;
  /** With its share of what it shares with others. */
  readonly pss: number;
  readonly rss: number;
}

/** From /proc/PID/smaps_rollup (proc_pid_smaps(5)). */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mebibytes = (field: string): number => {
    const found = new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(text);
    return Math.round((Number(found?.[1]) / 1024) * 10) / 10;
  };
  return { anonymous: mebibytes('Anonymous'), pss: mebibytes('Pss'), rss: mebibytes('Rss') };
}

export const memoryText = ({ anonymous, pss, rss }: Memory): string =>
  `anonymous ${anonymous.toFixed(1)}  PSS ${pss.toFixed(1)}  RSS ${rss.toFixed(1)} MiB`;
