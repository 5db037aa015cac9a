/** What hangs on what: hosts draw from the feeds that they have, and go off with the last one that they need. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { VirtualTime } from './operations-time.ts';
import type { BatteryNature } from './power-battery.ts';
import { SimulatedUps } from './power-ups.ts';
import type { SimulatedHost } from './runs-host.ts';

export interface GridPlug {
  readonly node: NodeName;
  readonly feeds: readonly string[];
  readonly minFeeds: number;
  /** Boots when its supply is back: whatever it was before, or never. */
  readonly bootsWithSupply: boolean;
}

export interface GridPorts {
  readonly time: VirtualTime;
  readonly natures: Readonly<Record<string, BatteryNature>>;
  readonly plugs: readonly GridPlug[];
  readonly hosts: ReadonlyMap<NodeName, SimulatedHost>;
  /** From the plug to the firmware that has an opinion on it. */
  bootDelayMs(): number;
  /** Its output is off from now on; hosts still have what they had. */
  onDeath(ups: SimulatedUps): void;
  /** It was on, and is losing its supply now. */
  onStarved(node: NodeName, ups: SimulatedUps): void;
  log(text: string): void;
}

export class PowerGrid {
  readonly upses: readonly SimulatedUps[];
  readonly plugs: readonly GridPlug[];
  readonly #ports: GridPorts;

  constructor(ports: GridPorts) {
    const { natures, time, log, plugs, hosts } = ports;
    this.#ports = ports;
    this.plugs = plugs;
    this.upses = Object.entries(natures).map(([name, nature]) => new SimulatedUps(name, nature, time, log));
    for (const ups of this.upses) ups.onOutput = (changed) => this.#supply(changed);
    for (const { node } of plugs) {
      const host = hosts.get(node);
      if (host) host.onPower = () => this.weigh();
    }
  }

  of(name: string): SimulatedUps {
    const found = this.upses.find((ups) => ups.name === name);
    if (!found) throw new Error(`no UPS ${name}`);
    return found;
  }

  isSupplied({ feeds, minFeeds }: GridPlug): boolean {
    return feeds.filter((feed) => this.of(feed).hasOutput).length >= minFeeds;
  }

  /** The load of every UPS, by the hosts that are on. */
  weigh(): void {
    for (const ups of this.upses) {
      const { baseShare } = ups.battery.nature;
      const own = this.plugs.filter(({ feeds }) => feeds.includes(ups.name));
      const full = own.reduce((sum, { feeds }) => sum + 1 / feeds.length, 0);
      // Where nothing comes out, its hosts draw what they need from their other feeds.
      const drawn = ups.hasOutput ? own.reduce((sum, plug) => sum + this.#drawn(plug), 0) : 0;
      ups.setLoad(full === 0 ? 1 : baseShare + ((1 - baseShare) * drawn) / full);
    }
  }

  /** A host draws the same from each of its feeds that is there. */
  #drawn(plug: GridPlug): number {
    if (!this.#ports.hosts.get(plug.node)?.isOn) return 0;
    const alive = plug.feeds.filter((feed) => this.of(feed).hasOutput).length;
    return alive === 0 ? 0 : 1 / alive;
  }

  #supply(changed: SimulatedUps): void {
    const { hosts, time, onDeath, onStarved, bootDelayMs } = this.#ports;
    if (!changed.hasOutput) onDeath(changed);
    for (const plug of this.plugs) {
      const host = hosts.get(plug.node);
      if (!host || !plug.feeds.includes(changed.name)) continue;
      const isSupplied = this.isSupplied(plug);
      if (host.hasSupply === isSupplied) continue;
      if (!isSupplied) {
        if (host.isOn) onStarved(plug.node, changed);
        host.loseSupply();
        continue;
      }
      host.hasSupply = true;
      if (plug.bootsWithSupply) time.after(bootDelayMs(), () => host.wake());
    }
    this.weigh();
  }
}
