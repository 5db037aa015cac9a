/** systemctl's reading of unit file states (is-enabled(1), table "is-enabled output"). */
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';

const enabled = new Set([
  'enabled',
  'enabled-runtime',
  'static',
  'alias',
  'indirect',
  'generated',
  'transient',
]);

export function exitOfUnitFileState(state: string): ExitName {
  if (state === '' || state === 'not-found') return 'notFound';
  return enabled.has(state) ? 'success' : 'negative';
}
