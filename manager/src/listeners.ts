/** All the doors of the manager: Unix sockets at once, TCP as soon as there is an authority to prove things by. */
import type { TLSSocket } from 'node:tls';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { formatManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import type { ManagerConfig } from './config/manager-config.ts';
import { type LocalListener, openLocalListener } from './io/local-listener.ts';
import { openPlainListener, type PlainListener } from './io/plain-listener.ts';
import { openTlsListener, type TlsListener } from './io/tls-listener.ts';
import type { Proof } from './sessions/session-desk.ts';
import type { ServerTlsMaterial } from './trust/server-tls.ts';
import type { TrustService } from './trust-service.ts';

export interface ListenerPorts {
  readonly trust: TrustService;
  welcome(transport: FrameTransport, prove: () => Proof): void;
  onRejected(remote: string, reason: string): void;
}

export class Listeners {
  readonly #ports: ListenerPorts;
  #local: LocalListener[] = [];
  /** By the place of their address in the configuration; one that could not be opened has none yet. */
  readonly #tls = new Map<number, TlsListener>();
  /** Refreshes, one after the other: two at once would bind an address twice. */
  #tail: Promise<void> = Promise.resolve();
  #isClosed = false;
  #plain: PlainListener | undefined;
  /** Of the certificate that the TLS listeners use. */
  #fingerprint = '';

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
  }

  /** Where it listens for nodes and remote operators. */
  get addresses(): string[] {
    return [...this.#tls.values(), ...(this.#plain ? [this.#plain] : [])].map(({ address }) =>
      formatManagerAddress(address),
    );
  }

  /** @throws HEC_CONNECTION, HEC_LOCKED, HEC_CONFIG */
  async open(config: ManagerConfig): Promise<void> {
    for (const socket of config.sockets) {
      const onConnection = (transport: FrameTransport) =>
        this.#ports.welcome(transport, () => ({
          credential: { kind: 'local', role: socket.role },
          peer: undefined,
        }));
      this.#local.push(await openLocalListener(socket, onConnection));
    }
    if (config.plainLoopbackListen) {
      this.#plain = await openPlainListener(
        config.plainLoopbackListen,
        (transport) =>
          this.#ports.welcome(transport, () => ({ credential: { kind: 'plain-loopback' }, peer: undefined })),
        this.#ports.onRejected,
      );
    }
    await this.refresh(config);
  }

  /**
   * Opens the TLS listeners that are not open, when there is an authority by now; gives them a new certificate when
   * it is time.
   * @throws why an address cannot be listened on; the others are open all the same, and the next refresh tries again
   */
  refresh(config: ManagerConfig): Promise<void> {
    const turn = this.#tail.then(() => this.#refresh(config));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #refresh(config: ManagerConfig): Promise<void> {
    const { trust } = this.#ports;
    if (this.#isClosed || !trust.hasAuthority()) return;
    const { certificatePem, privateKeyPem, fingerprint } = await trust.serverCertificate();
    const material: ServerTlsMaterial = { certificatePem, privateKeyPem, authorityPem: trust.authorityPem() };
    if (fingerprint !== this.#fingerprint) {
      for (const listener of this.#tls.values()) listener.rotate(material);
    }
    this.#fingerprint = fingerprint;
    const failures: HecateError[] = [];
    for (const [place, address] of config.listen.entries()) {
      if (this.#tls.has(place)) continue;
      try {
        this.#tls.set(place, await this.#openTls(address, material));
      } catch (error) {
        failures.push(asHecateError(error, 'HEC_CONNECTION'));
      }
    }
    const [first] = failures;
    if (!first) return;
    const message = failures.map((failure) => failure.message).join('; ');
    throw new HecateError(first.code, message, first.remedy, first);
  }

  #openTls(address: ManagerConfig['listen'][number], material: ServerTlsMaterial): Promise<TlsListener> {
    return openTlsListener(address, material, {
      onConnection: (transport, socket) => this.#ports.welcome(transport, () => this.#prove(socket)),
      onRejected: this.#ports.onRejected,
    });
  }

  #prove(socket: TLSSocket): Proof {
    const check = this.#ports.trust.check(socket);
    if (!check.accepted) {
      return {
        credential: { kind: 'stranger', reason: check.reason, detail: check.detail },
        peer: undefined,
      };
    }
    const { identity } = check;
    if (identity.kind === 'node') return { credential: { kind: 'node', name: identity.name }, peer: check };
    if (identity.kind === 'operator') {
      return { credential: { kind: 'operator', name: identity.name, role: identity.role }, peer: check };
    }
    return { credential: { kind: 'peer', name: identity.name }, peer: check };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#tail;
    const all = [...this.#local, ...this.#tls.values(), ...(this.#plain ? [this.#plain] : [])];
    await Promise.all(all.map((listener) => listener.close()));
  }
}
