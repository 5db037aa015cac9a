/**
 * What the manager cannot write or open at the moment: one slot for each source, so that the journal that works
 * again says nothing of the audit log. Pure.
 */
export const troubleSources = [
  'journal',
  'audit',
  'trust',
  'epoch',
  'runs',
  'listeners',
  'reserve',
  'power',
] as const;
export type TroubleSource = (typeof troubleSources)[number];

/** A sentence for each source that has one. */
export type Troubles = Readonly<Partial<Record<TroubleSource, string>>>;

export const noTroubles: Troubles = {};

/** @param message undefined or empty: it is over */
export function withTrouble(
  troubles: Troubles,
  source: TroubleSource,
  message: string | undefined,
): Troubles {
  const { [source]: _, ...others } = troubles;
  return message ? { ...others, [source]: message } : others;
}

/** Those that have to do with the disk. */
export const writeTroublesOf = ({ listeners: _, ...troubles }: Troubles): string[] => Object.values(troubles);
