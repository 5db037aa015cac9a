import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BootedNode } from './booted-node.ts';
import { monotonicMs } from './monotonic.ts';
import type { NodeProcess } from './node.ts';
import type { SiteNetwork } from './site-network.ts';

const script = join(import.meta.dirname, 'wake-listener.pl');

/** More packets than this in one test are a storm: later ones are heeded and not kept. */
const wakesMax = 1_000;

/**
 * What a magic packet did. `booted`: it switched the node on. Nothing else does anything, as on a real host: `is-up`
 * (also while it still goes down: who sends must send again), `cut-off` (the packet cannot reach it), `broken` (see
 * {@link WakeListener.break}), `stranger` (no node has this hardware address).
 */
export type WakeEffect = 'booted' | 'is-up' | 'cut-off' | 'broken' | 'stranger';

/** One magic packet that passed the bridge. */
export interface Wake {
  /** By `monotonicMs`. */
  readonly atMs: number;
  /** Lower case with colons. */
  readonly macAddress: string;
  /** `udp/9`, another port, or `ethernet` for a packet without IP. */
  readonly carrier: string;
  /** The node with this address. */
  readonly node: string | undefined;
  readonly effect: WakeEffect;
}

/**
 * The network cards of a fleet's nodes that are off: hears every Wake-on-LAN packet on the fleet's bridge and switches
 * on the node that it names. Made by `fleet.listenForWake()`.
 */
export class WakeListener {
  /** Oldest first. */
  readonly wakes: Wake[] = [];
  /** Boots that a packet began and that did not succeed, for tests that expect none. */
  readonly failures: { readonly node: string; readonly error: unknown }[] = [];
  private readonly process: NodeProcess;
  private readonly nodes: readonly BootedNode[];
  private readonly brokenNodes = new Set<string>();

  private constructor(process: NodeProcess, nodes: readonly BootedNode[]) {
    this.process = process;
    this.nodes = nodes;
  }

  /** @throws Error with the reason when the bridge cannot be listened on. */
  static async start(site: SiteNetwork, nodes: readonly BootedNode[]): Promise<WakeListener> {
    const process = await site.spawn(['perl', script, 'site']);
    const { stdout, stderr } = process.child;
    if (!stdout || !stderr) throw new Error('the wake listener was started without pipes');
    const listener = new WakeListener(process, nodes);
    let errors = '';
    stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const lines = createInterface({ input: stdout });
    const ended = process.exited.then((status) => {
      throw new Error(
        `the wake listener ended with status ${status}: ${errors.trim() || 'is perl installed?'}`,
      );
    });
    await Promise.race([once(lines, 'line'), ended]);
    ended.catch(() => undefined); // it ends with the site
    lines.on('line', (line) => listener.hear(line));
    return listener;
  }

  /** The node no longer heeds any packet: its card is broken, or its firmware was never told to wake. */
  break(node: string): void {
    this.brokenNodes.add(node);
  }

  mend(node: string): void {
    this.brokenNodes.delete(node);
  }

  /** Ends it; a later packet wakes nobody. The fleet's end does the same. */
  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.process.exited;
  }

  private hear(line: string): void {
    const [macAddress = '', carrier = ''] = line.split(' ');
    const node = this.nodes.find((candidate) => candidate.macAddress === macAddress);
    const effect = this.effectOn(node);
    if (this.wakes.length < wakesMax) {
      this.wakes.push({ atMs: monotonicMs(), macAddress, carrier, node: node?.name, effect });
    }
    if (node === undefined || effect !== 'booted') return;
    node.boot().catch((error: unknown) => this.failures.push({ node: node.name, error }));
  }

  private effectOn(node: BootedNode | undefined): WakeEffect {
    if (node === undefined) return 'stranger';
    if (node.isUp()) return 'is-up';
    if (this.brokenNodes.has(node.name)) return 'broken';
    return node.isCut() ? 'cut-off' : 'booted';
  }
}
