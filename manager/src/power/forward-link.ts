/** The manager that triggers of this site are forwarded to: the session with it, and what it says of itself. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { createForwardTrigger, createMeasure, createWithdrawTrigger } from '@hecate/proto/generated/wire.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ForwardDeclaration } from '../config/manager-config.ts';
import type { PeerStanding } from '../core/power/forward/forward-startup.ts';
import {
  type ForwardProgress,
  type ForwardStanding,
  forwardStandings,
} from '../core/power/forward/forward-state.ts';
import { type After, after } from '../io/after.ts';
import type { ManagerLogger } from '../io/logger.ts';
import { PeerLink, type PeerLinkPorts } from '../io/peer-link.ts';
import type { Send } from './forward-sender.ts';

/** The session underneath, as far as it matters here. */
export type OpenLink = Pick<PeerLink, 'start' | 'isOpen' | 'site' | 'trouble' | 'call' | 'close'>;

export interface ForwardLinkPorts {
  readonly clock: Clock;
  readonly logger: Pick<ManagerLogger, 'info' | 'warn'>;
  readonly softwareVersion: string;
  readonly declaration: ForwardDeclaration;
  /** Of the system, unless another is given. */
  readonly after?: After;
  /** The network's, unless another is given. */
  readonly makeLink?: ((ports: PeerLinkPorts) => OpenLink) | undefined;
  /** What keeps this site's own power from being called good; empty: nothing does. */
  hindrance(): string;
  /** It has said how long its shutdown takes, for the first time or anew. */
  onBudget(): void;
}

/** How often both tell each other how their power is. */
const standingIntervalMs = 5000;

export class ForwardLink {
  readonly #ports: ForwardLinkPorts;
  readonly #link: OpenLink;
  #heard: { readonly hindrance: string } | undefined;
  #toldBudgetMs = 0;
  #cancelExchange: () => void = () => undefined;

  constructor(ports: ForwardLinkPorts) {
    this.#ports = ports;
    const { to: addresses, identityDirectory } = ports.declaration;
    const { makeLink = (linkPorts) => new PeerLink(linkPorts) } = ports;
    this.#link = makeLink({
      ...ports,
      addresses,
      identityDirectory,
      onOpen: () => void this.#exchange(),
      onClosed: () => {
        this.#cancelExchange();
        this.#heard = undefined;
      },
    });
  }

  start(): void {
    this.#link.start();
  }

  /** How people call the other site; its address until it has said its name. */
  get receiver(): string {
    return this.#link.site || (this.#ports.declaration.to[0]?.host ?? '');
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  get trouble(): string {
    return this.#link.trouble;
  }

  get standing(): PeerStanding {
    return { peer: this.receiver, heard: this.#heard };
  }

  /** How long a shutdown takes over there: as it says itself, else as declared. */
  get budgetMs(): number {
    return this.#toldBudgetMs || this.#ports.declaration.budgetMs;
  }

  /** @throws why it was not answered */
  async send(ups: string, instance: string, send: Send): Promise<ForwardProgress> {
    const { sequence, triggerId, cause, sentence, timeLimitMs } = send;
    const outcome = await this.#link.call(
      send.isWithdrawal
        ? { case: 'withdrawTrigger', value: createWithdrawTrigger({ ups, instance, sequence, sentence }) }
        : {
            case: 'forwardTrigger',
            value: createForwardTrigger({
              ...{ ups, instance, sequence, triggerId, cause, sentence },
              ...(timeLimitMs === undefined ? {} : { timeLimitMs: createMeasure({ value: timeLimitMs }) }),
            }),
          },
      this.#ports.declaration.acknowledgeWithinMs,
    );
    if (outcome.case === 'forwardProgress')
      return { ...outcome.value, standing: standingOf(outcome.value.standing) };
    throw new HecateError('HEC_PROTOCOL', `the manager answered a forward with ${outcome.case}`);
  }

  close(): void {
    this.#cancelExchange();
    this.#link.close();
  }

  async #exchange(): Promise<void> {
    const { hindrance, onBudget, logger, declaration, after: later = after } = this.#ports;
    try {
      const method = { case: 'tellStanding', value: { hindrance: hindrance() } } as const;
      const outcome = await this.#link.call(method, declaration.acknowledgeWithinMs);
      if (outcome.case !== 'peerStanding')
        throw new HecateError('HEC_PROTOCOL', `the manager answered a standing with ${outcome.case}`);
      this.#heard = { hindrance: outcome.value.hindrance };
      const isNews = outcome.value.budgetMs !== 0 && outcome.value.budgetMs !== this.#toldBudgetMs;
      if (isNews) {
        this.#toldBudgetMs = outcome.value.budgetMs;
        onBudget();
      }
    } catch (thrown) {
      const { code, message } = asHecateError(thrown);
      if (this.#link.isOpen)
        logger.warn({ code }, `the manager of another site does not say how it is: ${message}`);
    }
    this.#cancelExchange();
    if (this.#link.isOpen) this.#cancelExchange = later(standingIntervalMs, () => void this.#exchange());
  }
}

/** @throws HEC_PROTOCOL: a word of a newer release may mean anything */
function standingOf(text: string): ForwardStanding {
  const known = forwardStandings.find((standing) => standing === text);
  if (known) return known;
  throw new HecateError('HEC_PROTOCOL', `${JSON.stringify(text.slice(0, 80))} is no standing of a forward`);
}
