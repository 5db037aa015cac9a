/** A site on user nodes that hangs on a real upsd, with one unit on each node that writes down how it is stopped. */
import type { Test } from 'tap';
import { full } from '../../../manager/test/support/power-bench.ts';
import { startUpsd, type Upsd, type UpsdOptions } from '../../nut/upsd.ts';
import { type Site, siteForTest } from '../../site/site.ts';

export const loadUnit = 'load.service';

/** Active until it is stopped, which takes `seconds`; `%h/stops` of the node gets when it began and ended, in s. */
export const loadUnitText = (seconds: number): string => `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c 'read began rest < /proc/uptime; sleep ${seconds}; read ended rest < /proc/uptime; echo $began $ended >> %h/stops'
`;

/** In the clock that all user nodes share. */
export interface Stop {
  readonly beganSeconds: number;
  readonly endedSeconds: number;
}

export interface PowerSiteOptions {
  /** In this order they depend on each other: the first one needs the second one. */
  readonly names: readonly string[];
  readonly stopSeconds?: number;
  readonly power?: Record<string, unknown>;
  readonly config?: Record<string, unknown>;
  readonly users?: UpsdOptions['users'];
}

export class PowerSite {
  readonly site: Site;
  readonly upsd: Upsd;

  constructor(site: Site, upsd: Upsd) {
    this.site = site;
    this.upsd = upsd;
  }

  async activate(): Promise<void> {
    await Promise.all(this.site.fleet.nodes.map((node) => node.systemctl('start', loadUnit)));
  }

  /** Each time that the unit of the node was stopped, oldest first. */
  async stopsOf(name: string): Promise<Stop[]> {
    const node = this.site.node(name);
    const { exitCode, stdout } = await node.run(['cat', `${node.home}/stops`]);
    const lines = exitCode === 0 ? stdout.split('\n').filter(Boolean) : [];
    return lines.map((line) => {
      const [beganSeconds = Number.NaN, endedSeconds = Number.NaN] = line.split(' ').map(Number);
      return { beganSeconds, endedSeconds };
    });
  }
}

/** Watched twice a second; the shutdown stops units and leaves hosts on. */
export async function powerSite(t: Test, options: PowerSiteOptions): Promise<PowerSite> {
  const { names, stopSeconds = 0, users } = options;
  const upsd = await startUpsd(t, {
    upses: { rack: { kind: 'dev', values: full } },
    ...(users ? { users } : {}),
  });
  const inventory = names.map((name, index) => ({
    name,
    units: [loadUnit],
    address: '127.0.0.1',
    depends_on: names.slice(index + 1, index + 2),
  }));
  const site = await siteForTest(t, {
    names,
    units: { [loadUnit]: loadUnitText(stopSeconds) },
    config: {
      inventory,
      power: {
        upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
        poll_interval: '500ms',
        debounce_polls: 2,
        budget: '20s',
        mode: 'cluster-only',
        ...options.power,
      },
      ...options.config,
    },
  });
  const made = new PowerSite(site, upsd);
  await made.activate();
  return made;
}
