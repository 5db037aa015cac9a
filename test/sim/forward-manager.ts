/**
 * Forwards of one life of a simulated manager: the production code, all of it (manager/src/power/site-forwards.ts and
 * what is behind that), on a simulated disk, in virtual time, over a simulated link.
 */
import type { ManagerConfig } from '../../manager/src/config/manager-config.ts';
import type { RunId } from '../../manager/src/core/runs/run.ts';
import type { After } from '../../manager/src/io/after.ts';
import type { PeerLinkPorts } from '../../manager/src/io/peer-link.ts';
import { ForwardFile } from '../../manager/src/power/forward-file.ts';
import type { OpenLink } from '../../manager/src/power/forward-link.ts';
import type { ForwardReceiver } from '../../manager/src/power/forward-receiver.ts';
import type { ForwardService } from '../../manager/src/power/forward-service.ts';
import { siteForwards } from '../../manager/src/power/site-forwards.ts';
import type { SiteShutdown } from '../../manager/src/power/site-shutdown.ts';
import type { TriggeredRunPorts } from '../../manager/src/power/triggered-run.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import type { SimulatedManager } from './runs-manager.ts';
import type { SimulationWorld } from './runs-world.ts';

/** The other site, as a manager has to do with it. */
export interface Neighbour {
  /** Other managers that hold a certificate of this site. */
  readonly peers: readonly string[];
  /** To the manager that triggers are forwarded to. */
  makeLink?(manager: SimulatedManager, ports: PeerLinkPorts): OpenLink;
}

export interface SimulatedForwardsPorts {
  readonly world: SimulationWorld;
  readonly manager: SimulatedManager;
  readonly neighbour: Neighbour | undefined;
  readonly runs: TriggeredRunPorts['runs'];
  readonly shutdown: SiteShutdown;
  config(): ManagerConfig;
  upses(): readonly ManagerUps[];
  budgetMs(): number;
  whyDown(): string | undefined;
  isWanted(by: ForwardReceiver, runId: RunId): boolean;
  onBudget(): void;
  stir(): void;
}

export function simulatedForwards(ports: SimulatedForwardsPorts): ForwardService {
  const { world, manager, neighbour, stir, upses } = ports;
  const { process, host } = manager;
  const after: After = (delayMs, work) =>
    process.later(delayMs, () => {
      stir();
      work();
    });
  const makeLink = neighbour?.makeLink?.bind(neighbour);
  const say = (text: string) => world.log(text);
  return siteForwards({
    ...ports,
    clock: { nowMs: () => host.clockMs(), bootTimeMs: () => host.clockMs(), wallMs: () => world.wallMs() },
    bootId: host.bootId,
    file: forwardFileOf(ports),
    logger: { info: () => undefined, warn: (...told: unknown[]) => say(`warning: ${told.at(-1)}`) },
    softwareVersion: 'simulated',
    peers: () => neighbour?.peers ?? [],
    revokedPeers: () => [],
    upses: () => upses().map((runner) => ({ runner })),
    alerts: {
      tell: (_from, key, { sentence }) => {
        say(`alert: ${sentence}`);
        world.sometimes(`alert ${key}`);
      },
    },
    onTrouble: (error) => {
      if (error) world.sometimes('forwards.json refused');
      if (error?.code === 'HEC_INTERNAL') world.failure ??= error;
    },
    after,
    makeLink: makeLink && ((linkPorts) => makeLink(manager, linkPorts)),
  });
}

function forwardFileOf({ world, manager, stir }: SimulatedForwardsPorts): ForwardFile {
  const { forwards } = manager.files;
  const { mutation } = world;
  const write = (text: string) =>
    new Promise<void>((resolve, reject) => {
      if (mutation.forwardFile === 'answers-early') resolve();
      if (mutation.forwardFile === 'is-never-written') {
        manager.process.later(1, resolve);
        stir();
        return;
      }
      forwards.put(mutation.forwardText?.(text) ?? text, (isDurable) => {
        stir();
        if (isDurable) resolve();
        else reject(new Error('the disk is full'));
      });
    });
  const instance = `file-${Math.round(world.time.nowMs)}`;
  const { file, isDamaged } = ForwardFile.of(forwards.content, write, instance);
  if (isDamaged) world.checkers.fail('I7: forwards.json cannot be read after a crash');
  return file;
}
