/** A site of packaged programs: the manager with hecatectl on one host, agents on several. */
import { until } from '../../nodes/until.ts';
import type { BareHost } from './bare-host.ts';

/** What the packages need beyond the base of a node. */
export const dependencies: readonly string[] = ['libstdc++6', 'logrotate'];

/** A unit for the agent to start. */
export async function addUnit(host: BareHost, name: string): Promise<void> {
  const text = '[Service]\nExecStart=/bin/sleep infinity\n';
  await host.node.writeFile(`${host.node.unitFolder}/${name}`, text);
  await host.runOrThrow(['systemctl', 'daemon-reload']);
}

/** @throws Error unless it ends with 0 */
export const ctl = (manager: BareHost, ...args: string[]): Promise<string> =>
  manager.runOrThrow(['hecatectl', ...args]);

/** The way of docs and manuals: a token from the manager, typed in on the host. */
export async function joinSite(manager: BareHost, host: BareHost): Promise<void> {
  const token = await ctl(manager, 'node', 'enroll', host.node.name);
  await host.runOrThrow(['hecate-agent', 'join'], { input: token });
  await host.runOrThrow(['systemctl', 'start', 'hecate-agent.service']);
}

export async function untilOnline(manager: BareHost, names: readonly string[]): Promise<void> {
  const areOnline = async () => {
    const { stdout } = await manager.run(['hecatectl', 'list-nodes', '--no-legend']);
    return names.every((name) => new RegExp(`^\\s*${name}\\s+online`, 'm').test(stdout));
  };
  await until(areOnline, { what: `${names.join(', ')} online`, timeoutMs: 60_000, intervalMs: 200 });
}
