/** Units that write down each of their starts, so that a test can see that nothing ran twice, or at all. */
import { join } from 'node:path';
import type { FleetNode } from '../../nodes/node.ts';

/** A unit file whose start takes `seconds`; `%h/starts.NAME` of the node gets a line for each. */
export function countedUnit(seconds: number, options: { exitStatus?: number } = {}): string {
  const { exitStatus = 0 } = options;
  return `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo started >> %h/starts.%n; sleep ${seconds}; exit ${exitStatus}'
`;
}

/** How often a counted unit was started on the node since it was made. */
export async function startsOf(node: FleetNode, unit: string): Promise<number> {
  const { exitCode, stdout } = await node.run(['cat', join(node.home, `starts.${unit}`)]);
  return exitCode === 0 ? stdout.split('\n').filter(Boolean).length : 0;
}

/** systemd's own word for a unit's state: `active`, `activating`, `inactive` … */
export async function activeState(node: FleetNode, unit: string): Promise<string> {
  const { stdout } = await node.systemctl('show', '--value', '--property=ActiveState', unit);
  return stdout.trim();
}
