/**
 * `npm start`: a manager and a small fleet of real systemd nodes on this machine, to play with. Every node is a
 * `systemd --user` in namespaces of its own with a real agent, joined over TLS. Ctrl-C ends it all.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { canRunUserNodes } from '../test/nodes/capabilities.ts';
import { type Site, startSite } from '../test/site/site.ts';
import { readOptions } from './demo/options.ts';
import { onMains, playOutage, powerOf, upsName } from './demo/outage.ts';
import { startToldUps, type ToldUps } from './demo/told-ups.ts';
import { demoUnits } from './demo/units.ts';

/** server1, then workers. */
const nodeNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? 'server1' : `worker${index}`));

/** What startup and shutdown are made from. User nodes have no power to switch, and no host to wake. */
const inventoryOf = (names: readonly string[]) =>
  names.map((name) => ({ name, role: name.startsWith('server') ? 'server' : 'agent' }));

function tellFleet(site: Site, seconds: string): void {
  const names = site.fleet.nodes.map(({ name }) => name);
  process.stdout.write(`
A manager and ${names.length} real systemd nodes are up after ${seconds} s: ${names.join(', ')}
`);
}

function tellUps({ isReal }: ToldUps): void {
  const server = isReal
    ? "NUT's own upsd, with its dummy driver, on"
    : 'a fake NUT server (install nut-server for a real one) with';
  process.stdout.write(`A UPS feeds them: ${server} a battery of three minutes.\n\n`);
}

function tellAfterwards(site: Site): void {
  process.stdout.write(`
That was it. All of it is still there; in another terminal, in this folder:

  export HECATE_SOCKET=${site.manager.socket}
  npx hecatectl runs list                         # the startups and the shutdown
  npx hecatectl power status                      # the UPS, and how far it is from a shutdown
  npx hecatectl status                            # nodes, UPSes, runs and the budget on one screen

Ctrl-C ends it and leaves nothing behind.
`);
}

function tell(site: Site): void {
  const worker = site.fleet.nodes[1]?.name ?? 'server1';
  process.stdout.write(`
In another terminal, in this folder:

  export HECATE_SOCKET=${site.manager.socket}
  npx hecatectl list-nodes
  npx hecatectl start server1 k3s                 # takes two seconds, as real ones take longer
  npx hecatectl status server1 k3s
  npx hecatectl start 'worker*' k3s-agent         # on many nodes at once
  npx hecatectl start ${worker} backup              # fails, and says why; see echo $?
  npx hecatectl monitor                           # live; then stop something elsewhere
  npx hecatectl logs server1 k3s -n 5
  npx hecatectl list-units --all --type service
  npx hecatectl doctor ${worker}

The cluster stopped and started again in order, stage by stage (without --execute: what would be done):

  npx hecatectl plan shutdown --mode cluster-only
  npx hecatectl shutdown --mode cluster-only --execute    # 25 s: what containers are left get 20 s to end
  npx hecatectl startup --execute

Ctrl-C ends it and leaves nothing behind.
`);
}

const { nodeCount, hasOutage } = readOptions();
const capability = await canRunUserNodes();
if (!capability.ok) {
  process.stderr.write(`real systemd nodes cannot run here: ${capability.why}\n`);
  process.exit(1);
}
const prefix = `hecate-demo-${process.getuid?.() ?? 0}-`;

/** Of demonstrations that were killed: all else of them ended with them. */
function sweep(): void {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))) {
    if (!existsSync(join('/proc', name.slice(prefix.length)))) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

sweep();
const folder = join(tmpdir(), `${prefix}${process.pid}`);
mkdirSync(folder, { mode: 0o700 });

const startedAtMs = performance.now();
const seconds = (): string => ((performance.now() - startedAtMs) / 1000).toFixed(1);
const stopping = new AbortController();
let starting: Promise<Site> | undefined;
let playing: Promise<void> | undefined;
const closers: (() => Promise<void>)[] = [];

/** Also while it starts: what has begun is waited for, and then ended in order. */
async function stop(status: number): Promise<void> {
  if (stopping.signal.aborted) process.exit(exitCodes.interrupted.code);
  stopping.abort();
  process.stdout.write('\nending …\n');
  await starting?.then(
    (site) => site.destroy(),
    () => undefined, // it has cleaned up after itself
  );
  // It says what the UPS says, as long as it goes on.
  await playing?.catch(() => undefined);
  for (const close of closers) await close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}

async function startAll(ups: ToldUps | undefined): Promise<Site> {
  const names = nodeNames(nodeCount);
  const site = await startSite({
    kind: 'user',
    names,
    units: demoUnits,
    folder,
    config: {
      site: 'demo',
      heartbeat_interval: '2s',
      inventory: inventoryOf(names),
      ...(ups ? { power: powerOf(ups) } : {}),
    },
  });
  if (!stopping.signal.aborted)
    await Promise.all(site.fleet.nodes.map((node) => node.systemctl('start', 'alive.timer')));
  return site;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
// Not before: whoever reads this may interrupt it.
process.stdout.write(`starting a manager and ${nodeCount} nodes …\n`);

try {
  const scope = { teardown: (close: () => Promise<void>) => void closers.push(close) };
  const ups = hasOutage ? await startToldUps(scope, upsName, onMains) : undefined;
  stopping.signal.throwIfAborted();
  starting = startAll(ups);
  const site = await starting;
  const { signal } = stopping;
  if (ups && !signal.aborted) {
    tellFleet(site, seconds());
    tellUps(ups);
    playing = playOutage({ manager: site.manager, ups, signal });
    await playing;
    tellAfterwards(site);
  } else if (!signal.aborted) {
    tellFleet(site, seconds());
    tell(site);
  }
  // Nothing here keeps the process alive by itself but this.
  setInterval(() => undefined, 60_000);
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    await stop(1);
  }
}
