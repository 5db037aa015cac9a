/** Two sites in one virtual time: the coordinator's, one that forwards to it, and the way between their managers. */
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { ForwardCheckers } from './forward-checkers.ts';
import { PeerWay, SimulatedPeerLink } from './forward-link.ts';
import { StarvedCheckers } from './forward-starved.ts';
import { peerHost, type TwoPowerSites } from './power-second-site.ts';
import { PowerWorld } from './power-world.ts';
import { chanceOf } from './runs-fleet.ts';
import type { WorldOptions } from './runs-world.ts';

export class TwoWorlds {
  readonly sites: TwoPowerSites;
  readonly receiver: PowerWorld;
  readonly sender: PowerWorld;
  readonly way: PeerWay;
  readonly checkers: ForwardCheckers;
  readonly starved: StarvedCheckers;
  /** A forward is answered for the first time, or otherwise than before. */
  onStanding: () => void = () => undefined;
  #lastStanding = '';

  constructor(
    sites: TwoPowerSites,
    options: Omit<WorldOptions, 'fleet' | 'random'> & { readonly random: () => number },
  ) {
    const { mutation, random } = options;
    const { peer, kind, fed } = sites;
    this.sites = sites;
    this.receiver = new PowerWorld(sites.receiver, { ...options, neighbour: { peers: [peer] } });
    const { world } = this.receiver;
    const { forwardMethod } = mutation;
    this.way = new PeerWay({
      receiver: this.receiver,
      peer,
      chance: chanceOf(random),
      ...(forwardMethod ? { asked: forwardMethod } : {}),
      onArrival: (method) => this.checkers.onArrival(method),
      onAnswer: (method, outcome) => {
        this.checkers.onAnswer(method, outcome);
        if (outcome.case === 'forwardProgress') this.#heard(outcome.value.standing);
      },
    });
    const managerHost = kind === 'on-a-node' ? world.agentOf(parseNodeName(peer)).host : undefined;
    this.sender = new PowerWorld(sites.sender, {
      ...options,
      time: world.time,
      log: (text) => world.log(`${peerHost}: ${text}`),
      ...(managerHost ? { managerHost } : {}),
      fed: { plugs: fed, hosts: world.hosts },
      neighbour: {
        peers: [],
        makeLink: (manager, ports) => new SimulatedPeerLink(ports, this.way, this.sender, manager),
      },
    });
    this.receiver.beside = [this.sender];
    this.sender.beside = [this.receiver];
    this.checkers = new ForwardCheckers({ receiver: this.receiver, cuts: this.way.cuts, peer });
    this.starved = new StarvedCheckers({
      receiver: this.receiver,
      sender: this.sender,
      cuts: this.way.cuts,
    });
    this.receiver.onManagerEnds = () => {
      this.way.receiverEnds();
      this.checkers.onReceiverEnds();
    };
    this.receiver.onManagerStarted = (power) => this.checkers.onReceiverStarted(power);
    this.receiver.onRunsSettled = () => this.checkers.onReceiverRuns();
    this.sender.onRunsSettled = () => this.starved.onSenderRuns();
    this.sender.onStarved = (node, ups) => this.starved.onStarved(node, ups);
  }

  #heard(standing: string): void {
    if (standing === this.#lastStanding) return;
    this.#lastStanding = standing;
    this.onStanding();
  }

  begin(): void {
    for (const { world } of [this.receiver, this.sender])
      for (const host of world.hosts.values()) host.assume(true, 'active');
    for (const { grid } of [this.receiver, this.sender]) grid.weigh();
    for (const { world } of [this.receiver, this.sender]) world.begin();
  }

  /** Why a forward, or its withdrawal, is open still; empty: none is. */
  whyNotOver(): string {
    const { ofManager: sender } = this.sender;
    const { ofManager: receiver } = this.receiver;
    const [sent] = sender?.forwards.forwards() ?? [];
    if (sent) return `something is forwarded still: ${sent.sentence}`;
    const open = receiver?.forwards.desk.receivers.find(({ isOpen }) => isOpen);
    return open ? `${open.state.ups} is asked for still: ${open.state.forward?.phase}` : '';
  }
}
