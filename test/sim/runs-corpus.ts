/** Seeds that once broke a promise: one file of one line each, `SEED WHY`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CorpusSeed {
  readonly seed: number;
  readonly why: string;
}

/** @throws Error naming the file that is not such a line */
export function corpusSeeds(name: 'corpus' | 'power-corpus' | 'forward-corpus' = 'corpus'): CorpusSeed[] {
  const folder = join(import.meta.dirname, name);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const [, seed, why] = /^(\d+) (\S.*)\n$/.exec(readFileSync(join(folder, name), 'utf8')) ?? [];
      if (seed === undefined || why === undefined) throw new Error(`${name}: expected one line, SEED WHY`);
      return { seed: Number(seed), why };
    });
}
