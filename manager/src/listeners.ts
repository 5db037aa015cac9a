/** All the doors of the manager: Unix sockets at once, TCP as soon as there is an authority to prove things by. */
import type { TLSSocket } from 'node:tls';
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
  #tls: TlsListener[] = [];
  #plain: PlainListener | undefined;
  /** Of the certificate that the TLS listeners use. */
  #fingerprint = '';

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
  }

  /** Where it listens for nodes and remote operators. */
  get addresses(): string[] {
    return [...this.#tls, ...(this.#plain ? [this.#plain] : [])].map(({ address }) =>
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

  /** Opens the TLS listeners when there is an authority by now; gives them a new certificate when it is time. */
  async refresh(config: ManagerConfig): Promise<void> {
    const { trust } = this.#ports;
    if (!trust.hasAuthority()) return;
    const { certificatePem, privateKeyPem, fingerprint } = await trust.serverCertificate();
    const material: ServerTlsMaterial = { certificatePem, privateKeyPem, authorityPem: trust.authorityPem() };
    if (this.#tls.length === 0) {
      for (const address of config.listen) this.#tls.push(await this.#openTls(address, material));
    } else if (fingerprint !== this.#fingerprint) {
      for (const listener of this.#tls) listener.rotate(material);
    }
    this.#fingerprint = fingerprint;
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
    const detail = 'certificates of other managers open no session here';
    return { credential: { kind: 'stranger', reason: 'peer', detail }, peer: undefined };
  }

  async close(): Promise<void> {
    const all = [...this.#local, ...this.#tls, ...(this.#plain ? [this.#plain] : [])];
    await Promise.all(all.map((listener) => listener.close()));
  }
}
