/**
 * A second `systemd --user` on a node, which can be killed and started again while its message bus stays: systemd's
 * name then has a new owner in the same boot. Its units are its own.
 */
import { join } from 'node:path';
import type { FleetNode, NodeProcess } from '../../../../test/nodes/node.ts';
import { until } from '../../../../test/nodes/until.ts';

const runtimeFolder = '/run/user/1';
const bus = `unix:path=${runtimeFolder}/own-bus`;
const configFolder = '/run/second-systemd';
const environment = {
  XDG_RUNTIME_DIR: runtimeFolder,
  XDG_CONFIG_HOME: configFolder,
  DBUS_SESSION_BUS_ADDRESS: bus,
};
/** systemd is on a bus when its own dbus.service runs; here that one stands for the bus of the test. */
const ownUnits = { 'dbus.service': '[Unit]\nRequires=dbus.socket\n[Service]\nExecStart=sleep 1000000\n' };
const group = '/sys/fs/cgroup/user.slice/user-1.slice/user@1.service/init.scope';
const launch = `mkdir -p ${group}; echo $$ >${group}/cgroup.procs; exec /lib/systemd/systemd --user`;

export class SecondSystemd {
  readonly #node: FleetNode;
  /** As the host reaches it. */
  readonly address: string;
  #process: NodeProcess | undefined;

  private constructor(node: FleetNode) {
    this.#node = node;
    this.address = `unix:path=/proc/${node.hostPid(1)}/root${runtimeFolder}/own-bus`;
  }

  static async on(node: FleetNode, units: Readonly<Record<string, string>>): Promise<SecondSystemd> {
    await node.runOrThrow(['mkdir', '-m', '700', runtimeFolder]);
    for (const [name, text] of Object.entries({ ...ownUnits, ...units }))
      await node.writeFile(join(configFolder, 'systemd/user', name), text);
    await node.spawn(['dbus-daemon', '--session', '--nofork', `--address=${bus}`], { output: 'ignore' });
    const isListening = async () =>
      (await node.run(['test', '-S', `${runtimeFolder}/own-bus`])).exitCode === 0;
    await until(isListening, { what: 'the second bus listens' });
    const second = new SecondSystemd(node);
    await second.start();
    return second;
  }

  async start(): Promise<void> {
    this.#process = await this.#node.spawn(['sh', '-c', launch], { env: environment, output: 'ignore' });
    const isUp = async () => (await this.systemctl('is-active', 'default.target')).trim() === 'active';
    await until(isUp, { what: 'the second systemd has started' });
    await this.systemctl('start', 'dbus.service');
  }

  /** As a crash of it would: what it had started goes on, and nobody hears of it. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  /** Through its private socket: also without a bus. */
  async systemctl(...args: string[]): Promise<string> {
    const { stdout } = await this.#node.run(['systemctl', '--user', ...args], { env: environment });
    return stdout;
  }
}
