/** Ways from a test to the real bus of a node of the test fleet. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';

import { fleetForTest, skipUnless } from '../../../../test/nodes/fleet-for-test.ts';
import type { FleetNode } from '../../../../test/nodes/node.ts';
import type { SystemdPort } from '../../../src/core/systemd-port.ts';
import { openSystemd, type SystemdOptions } from '../../../src/io/systemd.ts';

/** For tap's `skip`: false, or the reason. */
export const skip: string | false = await skipUnless('user');

/** The bus of a node, reached from the host through the mount namespace of its process 1. */
export function busOptions(node: FleetNode): SystemdOptions {
  const root = `/proc/${node.hostPid(1)}/root`;
  return node.kind === 'user'
    ? { bus: 'user', address: `unix:path=${root}/run/user/0/bus` }
    : { bus: 'system', address: `unix:path=${root}/run/dbus/system_bus_socket` };
}

/** A booted user-mode node with these unit files, gone at the end of the test. */
export async function userNode(test: Test, units: Record<string, string> = {}): Promise<FleetNode> {
  const fleet = await fleetForTest(test, { kind: 'user', names: ['alpha'] });
  const node = fleet.node('alpha');
  // User-mode nodes share the host's files; directly, because a name of 255 bytes leaves no room for a `.new`.
  for (const [name, text] of Object.entries(units)) {
    const path = join(node.unitFolder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  await node.systemctl('daemon-reload');
  return node;
}

/** A connection to the node's systemd, closed at the end of the test. */
export async function systemdOf(
  test: Test,
  node: FleetNode,
  options: Partial<SystemdOptions> = {},
): Promise<SystemdPort> {
  const systemd = await openSystemd({ ...busOptions(node), ...options });
  test.teardown(() => systemd.close());
  return systemd;
}
