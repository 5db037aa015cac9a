/** Who this agent is, and whom it dials: from the identity on disk, or from the configuration alone on loopback. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { describeIdentity } from '@hecate/proto/core/identity.ts';
import { type ManagerAddress, parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { readIdentity, type StoredIdentity } from '@hecate/proto/io/identity-store.ts';
import type { AgentConfig } from '../core/agent-config.ts';

export interface AgentIdentity {
  readonly nodeName: string;
  readonly addresses: readonly ManagerAddress[];
  /** Undefined: plain, on loopback. */
  readonly stored: StoredIdentity | undefined;
}

/** @throws HEC_TLS, HEC_STATE, HEC_CONFIG */
export function loadIdentity(config: AgentConfig): AgentIdentity {
  if (config.plainLoopback) {
    if (config.managers.length === 0)
      throw new HecateError('HEC_CONFIG', 'PlainLoopback=yes without Manager=', 'set Manager=127.0.0.1:PORT');
    return { nodeName: config.nodeName, addresses: config.managers, stored: undefined };
  }
  const stored = readIdentity(config.identityDirectory);
  const { identity } = stored;
  if (identity.kind !== 'node') {
    throw new HecateError(
      'HEC_TLS',
      `${config.identityDirectory} holds the identity of ${describeIdentity(identity)}, an agent needs one of a node`,
      'hecatectl node enroll NAME, then on this host: hecate-agent join',
    );
  }
  if (config.nodeName !== '' && config.nodeName !== identity.name) {
    throw new HecateError(
      'HEC_CONFIG',
      `NodeName=${config.nodeName}, but the identity is for ${identity.name}`,
      `set NodeName=${identity.name} or leave it out, or enrol ${config.nodeName} and join again`,
    );
  }
  const known = stored.managerAddresses.map(parseManagerAddress).filter((address) => address !== undefined);
  return { nodeName: identity.name, addresses: config.managers.length > 0 ? config.managers : known, stored };
}
