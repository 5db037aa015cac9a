/** Where a NUT server is, and how it is spoken to. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { HecateError } from '@hecate/proto/core/errors.ts';

export type NutTls =
  /** In the clear, also where the server could do better. */
  | { readonly mode: 'off' }
  /**
   * `optional`: TLS where the server has it, in the clear where it says that it has none. Its certificate is looked
   * at only when an authority is named, so that a self-signed one does no harm.
   * `required`: TLS with a certificate that proves the server, or nothing.
   */
  | {
      readonly mode: 'optional' | 'required';
      /** PEM file of the authority that signed the server's certificate; read at every connection. */
      readonly authorityFile?: string;
      /** The name in the certificate, where that is not the host that is dialled. */
      readonly serverName?: string;
    };

export interface NutServer {
  readonly host: string;
  readonly port: number;
  readonly tls: NutTls;
  /** For connecting, the handshake and each command. Default 2 s. */
  readonly timeLimitMs?: number;
}

export const defaultTimeLimitMs = 2000;

/** For people: `ups.example:3493`. */
export const nameOfServer = ({ host, port }: NutServer): string =>
  isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;

/**
 * What `tls.connect` needs besides the socket.
 * @throws HEC_CONFIG when the authority's file cannot be read
 */
export function tlsOptionsOf(server: NutServer): ConnectionOptions {
  const { tls, host } = server;
  if (tls.mode === 'off') throw new TypeError('TLS is off');
  const name = tls.serverName ?? host;
  return {
    ...(tls.authorityFile === undefined ? {} : { ca: readAuthority(tls.authorityFile) }),
    rejectUnauthorized: tls.mode === 'required' || tls.authorityFile !== undefined,
    // RFC 6066, section 3: an address is no server name; the certificate is checked against it all the same.
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_servername, certificate) => checkServerIdentity(name, certificate),
  };
}

function readAuthority(file: string): string {
  const remedy = 'name the PEM file of the authority that signed the certificate of the NUT server';
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError('HEC_CONFIG', `the authority's certificate cannot be read: ${why}`, remedy, error);
  }
  // Node takes a file without certificates for no authority at all, and then trusts nobody, with an odd message.
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new HecateError('HEC_CONFIG', `${file} holds no certificate in PEM form`, remedy);
  }
  return pem;
}
