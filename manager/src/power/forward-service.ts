/** Several sites, put together: what this one forwards to another, and what others forward to it. */
import type { HecateError } from '@hecate/proto/core/errors.ts';
import {
  createPowerForward,
  createPowerPeer,
  type PowerForward,
  type PowerPeer,
} from '@hecate/proto/generated/wire.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import { sayReceived } from '../core/power/forward/forward-sentence.ts';
import { type PeerStanding, peersHindrance } from '../core/power/forward/forward-startup.ts';
import { forwardConfigDefaults } from '../core/power/forward/forward-state.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import type { After } from '../io/after.ts';
import type { ManagerLogger } from '../io/logger.ts';
import type { ForwardMetrics } from '../io/power-metrics.ts';
import type { RunService } from '../runs/run-service.ts';
import { ForwardDesk } from './forward-desk.ts';
import type { ForwardFile } from './forward-file.ts';
import { ForwardLink, type ForwardLinkPorts } from './forward-link.ts';
import type { ForwardReceiver } from './forward-receiver.ts';
import { ForwardSender, type ForwardSenderPorts } from './forward-sender.ts';
import type { TriggerEffect } from './triggered-run.ts';

export interface ForwardServicePorts {
  readonly clock: Clock;
  readonly bootId: string;
  readonly file: ForwardFile;
  readonly runs: Pick<RunService, 'request' | 'abort' | 'report' | 'active' | 'watchers'>;
  readonly logger: Pick<ManagerLogger, 'info' | 'warn'>;
  /** Of the system, unless another is given. */
  readonly after?: After;
  /** The network's, unless another is given. */
  readonly makeLink?: ForwardLinkPorts['makeLink'];
  readonly softwareVersion: string;
  config(): ManagerConfig;
  /** Other managers that hold a certificate of this site. */
  peers(): readonly string[];
  /** Managers whose certificate was taken away from them. */
  revokedPeers(): readonly string[];
  /** What keeps this site's own power from being called good; empty: nothing does. */
  hindrance(): string;
  budgetMs(): number;
  /** @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run */
  makeRequest(trigger: TriggerEffect): RunRequest;
  isWanted(by: ForwardReceiver, runId: RunId): boolean;
  /** A shutdown that a peer has forwarded was taken back. */
  restore(receiver: ForwardReceiver): void;
  alert(peer: string, key: string, sentence: string | undefined): void;
  onBudget(): void;
  onTrouble(error: HecateError | undefined): void;
}

type SenderPorts = Pick<
  ForwardSenderPorts,
  'hear' | 'onRecovered' | 'onLetGo' | 'supply' | 'local' | 'alert'
>;

export class ForwardService {
  readonly desk: ForwardDesk;
  /** Undefined: triggers of this site are carried out by itself. */
  readonly link: ForwardLink | undefined;
  readonly #ports: ForwardServicePorts;
  readonly #senders = new Map<string, ForwardSender>();
  readonly #startedAtMs: number;

  constructor(ports: ForwardServicePorts) {
    const { config, clock } = ports;
    this.#ports = ports;
    this.#startedAtMs = clock.nowMs();
    this.desk = new ForwardDesk({ ...ports, site: () => config().site });
    const declaration = config().power.forward;
    if (declaration) this.link = new ForwardLink({ ...ports, declaration });
  }

  /** What forwards the triggers of a UPS. @throws when nothing is forwarded here */
  sender(ups: string, ports: SenderPorts): ForwardSender {
    const { link } = this;
    if (!link) throw new Error('nothing is forwarded here');
    const sender = new ForwardSender(ups, {
      ...this.#ports,
      ...ports,
      config: () => this.#ports.config().power.forward ?? forwardConfigDefaults,
      send: (name, instance, send) => link.send(name, instance, send),
    });
    this.#senders.set(ups, sender);
    return sender;
  }

  /** After the runs have been started. */
  start(): void {
    this.desk.start();
    this.link?.start();
  }

  /** What is wrong, as sentences; empty: nothing. What is sent is told with its UPS. */
  troubles(): string[] {
    const { loss } = this.#ports.file;
    const refused = this.desk.receivers
      .filter(({ refusal }) => refusal !== '')
      .map(({ state, refusal }) => sayReceived(state, refusal));
    const cut = this.link && !this.link.isOpen ? [`nothing can be forwarded: ${this.link.trouble}`] : [];
    return [...(loss === undefined ? [] : [loss]), ...cut, ...refused];
  }

  /** What another site has against a startup here; empty: nothing. */
  hindrance(): string {
    const { config, clock } = this.#ports;
    return peersHindrance({
      peers: this.#standings(),
      sinceMs: this.#startedAtMs,
      waitMs: config().power.peerWaitMs,
      nowMs: clock.nowMs(),
    });
  }

  #standings(): PeerStanding[] {
    return [...this.desk.standings(), ...(this.link ? [this.link.standing] : [])];
  }

  metrics(): ForwardMetrics {
    const sent = [...this.#senders].map(([ups, { counts, acknowledgedAfterMs }]) => ({
      ups,
      ...{ sent: counts.sent, acknowledged: counts.acknowledged },
      ...{ withdrawn: counts.withdrawn, local: counts.local },
      acknowledgedAfterMs,
    }));
    const peers = this.peers().map(({ name, connected }) => ({ peer: name, isConnected: connected }));
    return { sent, received: this.desk.received, peers };
  }

  forwards(): PowerForward[] {
    const receiver = this.link?.receiver ?? '';
    const sent = [...this.#senders.values()].flatMap((sender) => {
      const { forward, ups } = sender.state;
      const sentence = sender.sentence(receiver);
      if (sentence === '') return [];
      const phase = forward?.phase ?? 'withdrawing';
      const told = { ups, peer: receiver, received: false, phase, sentence };
      return [
        createPowerForward({
          ...told,
          triggerId: forward?.triggerId ?? '',
          runId: forward?.progress?.runId ?? '',
        }),
      ];
    });
    return [...sent, ...this.desk.receivers.flatMap(received)];
  }

  peers(): PowerPeer[] {
    const dialled = this.link ? [{ standing: this.link.standing, trouble: this.link.trouble }] : [];
    const admitted = this.desk.standings().map((standing) => ({
      standing,
      trouble: standing.heard ? '' : 'it has no session here',
    }));
    return [...dialled, ...admitted].map(({ standing: { peer, heard }, trouble }) =>
      createPowerPeer({ name: peer, connected: trouble === '', hindrance: heard?.hindrance ?? '', trouble }),
    );
  }

  async close(): Promise<void> {
    this.link?.close();
    await Promise.all([...this.#senders.values()].map((sender) => sender.close()));
    await this.desk.close();
  }
}

function received({ state, runId, refusal }: ForwardReceiver): PowerForward[] {
  const { forward, ups, peer } = state;
  if (forward === undefined || forward.triggerId === '') return [];
  const { phase, triggerId } = forward;
  const sentence = sayReceived(state, refusal);
  return [createPowerForward({ ups, peer, received: true, phase, triggerId, runId, sentence })];
}
