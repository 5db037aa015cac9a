/** For commands that concern the manager of this host and its files, whether it runs or not. */
import { resolve } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Invocation } from './core/invocation.ts';

const configDefault = '/etc/hecate/hecate.yaml';

export const configOfManager = (invocation: Invocation): string =>
  resolve(invocation.text('config') ?? configDefault);

/** @throws HEC_USAGE when a manager is named that may be another one */
export function requireOwnManager(invocation: Invocation): void {
  for (const option of ['socket', 'manager']) {
    if (invocation.text(option) === undefined) continue;
    const message = `this concerns the files of the manager on this host, and --${option} names one that runs`;
    throw new HecateError('HEC_USAGE', message, 'name its configuration: --config FILE');
  }
}
