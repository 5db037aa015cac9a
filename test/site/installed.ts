/** Hecate on a booted node as its packages install it: programs in /usr/bin, the units, users and folders of systemd/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BootedNode } from '../nodes/booted-node.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import type { ConfigOverrides } from './manager-process.ts';

const shipped = (path: string): string => readFileSync(join(repositoryFolder, 'systemd', path), 'utf8');

/** The options of Node.js that a program's first line gives it, such as `--max-semi-space-size=1`. */
function nodeOptions(program: string): string {
  const firstLine = readFileSync(join(repositoryFolder, program), 'utf8').split('\n', 1)[0] ?? '';
  return / -S node (.*)$/.exec(firstLine)?.[1] ?? '';
}

/** As packages do, so that a build in the checkout does not change a program under a node that runs it. */
const programFolder = '/usr/lib/hecate';

/** The bundle and what starts it, laid out as in the repository. @throws Error without bundles: `npm run build` */
async function installProgram(node: BootedNode, name: string, program: string): Promise<void> {
  const part = program.split('/', 1)[0] ?? '';
  const copy = `set -e; cd "$1"; mkdir -p "$2/$3" "$2/dist"; cp -a "$3/bin" "$3/package.json" "$2/$3"
cp -a "dist/$4."* "$2/dist"; mkdir -p "$2/packaging"; cp -a packaging/launcher "$2/packaging"`;
  await node.runOrThrow(['sh', '-c', copy, 'sh', node.repository, programFolder, part, name]);
  const run = `${node.repository}/node_modules/.bin/node ${nodeOptions(program)} ${programFolder}/${program}`;
  await node.writeFile(`/usr/bin/${name}`, `#!/bin/sh\nexec ${run} "$@"\n`, 0o755);
}

async function installService(node: BootedNode, name: string): Promise<void> {
  await node.writeFile(`/lib/systemd/system/${name}`, shipped(name));
  await node.writeFile('/usr/lib/sysusers.d/hecate.conf', shipped('sysusers.d/hecate.conf'));
  await node.writeFile('/usr/lib/tmpfiles.d/hecate.conf', shipped('tmpfiles.d/hecate.conf'));
  await node.runOrThrow(['systemd-sysusers']);
  await node.runOrThrow(['systemd-tmpfiles', '--create', '/usr/lib/tmpfiles.d/hecate.conf']);
  await node.runOrThrow(['systemctl', 'daemon-reload']);
}

/**
 * The manager and hecatectl, started now and whenever the node boots; hecate-bootstrap.service is there and, as packages
 * leave it, not enabled. @throws Error with its journal if the manager does not start.
 */
export async function installManager(node: BootedNode, config: ConfigOverrides): Promise<void> {
  await installProgram(node, 'hecate-manager', 'manager/bin/hecate-manager.js');
  await installProgram(node, 'hecatectl', 'ctl/bin/hecatectl.js');
  await writeManagerConfig(node, config);
  await installService(node, 'hecate-manager.service');
  await installService(node, 'hecate-bootstrap.service');
  await enable(node, 'hecate-manager.service');
}

/** JSON is YAML. /etc/hecate/hecate.yaml takes effect at the next start or reload. */
export function writeManagerConfig(
  node: BootedNode,
  config: ConfigOverrides,
  path = '/etc/hecate/hecate.yaml',
): Promise<void> {
  return node.writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
}

export interface InstalledAgent {
  /** HOST:PORT. */
  readonly manager: string;
  /** The whole of agent-policy.conf. */
  readonly policy: string;
  /** A join token of this node. */
  readonly token: string;
}

/** The agent, joined; started now and whenever the node boots. */
export async function installAgent(node: BootedNode, agent: InstalledAgent): Promise<void> {
  await installProgram(node, 'hecate-agent', 'agent/bin/hecate-agent.js');
  await node.writeFile('/etc/hecate/agent.conf', `[Agent]\nManager=${agent.manager}\n`);
  await node.writeFile('/etc/hecate/agent-policy.conf', agent.policy);
  await installService(node, 'hecate-agent.service');
  await node.runOrThrow(['hecate-agent', 'join'], { input: `${agent.token}\n` });
  await enable(node, 'hecate-agent.service');
}

async function enable(node: BootedNode, unit: string): Promise<void> {
  const { exitCode, stderr } = await node.systemctl('enable', '--now', '--quiet', unit);
  if (exitCode === 0) return;
  const { stdout: journal } = await node.run([
    'journalctl',
    '--no-pager',
    '-o',
    'cat',
    '-n',
    '30',
    '-u',
    unit,
  ]);
  throw new Error(`on node ${node.name} ${unit} does not start: ${stderr}${journal}`);
}

/** The main process of a service as seen from the host. @throws Error when it does not run. */
export async function mainPid(node: BootedNode, unit: string): Promise<number> {
  const inside = await node.runOrThrow(['systemctl', 'show', '--value', '--property=MainPID', unit]);
  if (inside.trim() === '0') throw new Error(`${unit} does not run on node ${node.name}`);
  return node.hostPid(Number(inside));
}
