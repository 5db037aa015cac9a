/** How systemd treats jobs that are in the way: its own names (job_mode_table in src/core/job.c, version 257). */

/** These touch nothing that the plain verb would not; what conflicts is refused, or gives way as systemd orders. */
export const ordinaryJobModes = ['replace', 'fail', 'lenient'] as const;

/**
 * These reach further than the unit that is named: isolate stops nearly everything, flush cancels the jobs of
 * others, triggering and restart-dependencies take further units along, the rest skips what protects the unit.
 */
export const extraordinaryJobModes = [
  'replace-irreversibly',
  'isolate',
  'flush',
  'ignore-dependencies',
  'ignore-requirements',
  'triggering',
  'restart-dependencies',
] as const;

export const jobModes = [...ordinaryJobModes, ...extraordinaryJobModes] as const;

export type JobMode = (typeof jobModes)[number];

export const isJobMode = (text: string): text is JobMode => jobModes.some((mode) => mode === text);

/** @param text as on the wire; empty: replace */
export const isOrdinaryJobMode = (text: string): boolean =>
  text === '' || ordinaryJobModes.some((mode) => mode === text);
