/** What kind of thing each verb is: who carries it out, and whether it needs a unit. */
import { unitVerbs } from '@hecate/proto/core/unit-verbs.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import type { JobVerb } from './systemd-port.ts';

/** Verbs that make systemd queue a job, whose end is the outcome. */
export const jobVerbs: ReadonlySet<Verb> = new Set<JobVerb>([
  'start',
  'stop',
  'restart',
  'try-restart',
  'reload',
  'reload-or-restart',
]);

export const isJobVerb = (verb: Verb): verb is JobVerb => jobVerbs.has(verb);

const unitNotNeeded: ReadonlySet<Verb> = new Set<Verb>([
  'daemon-reload',
  'exec',
  'poweroff',
  'reboot',
  'reset-failed',
]);

export const needsUnit = (verb: Verb): boolean => !unitNotNeeded.has(verb);

/** The verbs that a policy speaks of by name; exec, poweroff and reboot have switches of their own. */
export const policyVerbs = [...unitVerbs, 'set-default'] as const satisfies readonly Verb[];

/** The types of job that an operation may find queued for its unit after a crash and take for its own. */
export const jobTypesOf: Readonly<Record<JobVerb, readonly string[]>> = {
  start: ['start'],
  stop: ['stop'],
  restart: ['restart', 'start'],
  'try-restart': ['restart', 'try-restart', 'start'],
  reload: ['reload'],
  'reload-or-restart': ['reload', 'restart', 'reload-or-start', 'start'],
};
