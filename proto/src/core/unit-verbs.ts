/** The verbs that a policy allows by name and that a sequence may use; one list, so that neither lacks what the other has. */
import type { Verb } from '../generated/wire.ts';

/** Without exec, poweroff and reboot, which have switches and actions of their own. */
export const unitVerbs = [
  'start',
  'stop',
  'restart',
  'try-restart',
  'reload',
  'reload-or-restart',
  'kill',
  'freeze',
  'thaw',
  'reset-failed',
  'enable',
  'disable',
  'mask',
  'unmask',
  'daemon-reload',
] as const satisfies readonly Verb[];
