/**
 * Who may open a session as what. The certificate, or the Unix socket a connection came through, says who it
 * is; the hello only says what it wants to be, and where the two differ the hello is refused.
 */
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import { epochLeadMax, protocolMax, protocolMin } from '@hecate/proto/core/limits.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Hello, Role } from '@hecate/proto/generated/wire.ts';
import type { OperatorRole } from './roles.ts';

/** Who is on the other side, as far as the transport proves it. */
export type Credential =
  | { kind: 'local'; role: OperatorRole }
  | { kind: 'node'; name: string }
  | { kind: 'operator'; name: string; role: OperatorRole }
  /** Another manager. */
  | { kind: 'peer'; name: string }
  /** No certificate; or one that proves nothing, and why. */
  | { kind: 'stranger'; reason: string; detail: string }
  /** The unauthenticated loopback listener, which an operator asked for by name. */
  | { kind: 'plain-loopback' };

export interface AdmissionFacts {
  readonly credential: Credential;
  readonly hello: Hello;
  readonly allowedNodes: ReadonlySet<string>;
  readonly epoch: number;
}

export type Admission =
  | { type: 'agent'; node: NodeName }
  | { type: 'operator'; who: string; role: OperatorRole }
  | { type: 'peer'; peer: string }
  | { type: 'joiner' }
  | { type: 'refused'; code: ErrorCode; reason: string; message: string; remedy: string };

/** Names of certificates have no colon. */
const claimedPrefix = 'local:';

/** Whether the name of an operator is only what it said of itself, over a local socket. */
export const isClaimedName = (who: string): boolean => who.startsWith(claimedPrefix);

/** Why certificates that this site's authority has signed are refused all the same. */
const reasonsOfOwnCertificates: ReadonlySet<string> = new Set([
  'not-yet-valid',
  'expired',
  'wrong-purpose',
  'malformed',
  'revoked',
]);

/**
 * Who is refused, in a text of which the peer has written nothing; undefined for strangers. There are as many of
 * them as the site has certificates.
 */
export function provenName(credential: Credential): string | undefined {
  switch (credential.kind) {
    case 'node':
    case 'operator':
    case 'peer':
      return `${credential.kind} ${credential.name}`;
    case 'stranger':
      return reasonsOfOwnCertificates.has(credential.reason) ? credential.detail : undefined;
    case 'local':
    case 'plain-loopback':
      return undefined;
  }
}

const refuse = (code: ErrorCode, reason: string, message: string, remedy: string): Admission => ({
  type: 'refused',
  code,
  reason,
  message,
  remedy,
});

/** Whoever was revoked is told so: its host need not try again before it has a new certificate. */
const strangerCode = (reason: string): ErrorCode => (reason === 'revoked' ? 'HEC_REVOKED' : 'HEC_TLS');

export function admit(facts: AdmissionFacts): Admission {
  const { hello } = facts;
  if (hello.protocolMax < protocolMin || hello.protocolMin > protocolMax) {
    const theirs = `${hello.protocolMin} to ${hello.protocolMax}`;
    return refuse(
      'HEC_VERSION',
      'version',
      `it speaks protocol ${theirs}, this manager ${protocolMin} to ${protocolMax}`,
      'update the older side: manager and agents may be one minor version apart',
    );
  }
  switch (hello.peerKind) {
    case 'agent':
      return admitAgent(facts);
    case 'operator':
      return admitOperator(facts);
    case 'peer':
      return admitPeer(facts);
    case 'joiner':
      return admitJoiner(facts);
    case 'unspecified':
      return refuse('HEC_PROTOCOL', 'kind', 'a hello that does not say what it wants to be', '');
  }
}

function admitAgent(facts: AdmissionFacts): Admission {
  const { credential, hello } = facts;
  const enroll = `hecatectl node enroll ${hello.name}, then on the node: hecate-agent join`;
  if (credential.kind === 'stranger') {
    return refuse(strangerCode(credential.reason), credential.reason, credential.detail, enroll);
  }
  if (credential.kind === 'local' || credential.kind === 'operator' || credential.kind === 'peer') {
    return refuse(
      'HEC_TLS',
      'not-a-node',
      'only a certificate of a node opens a session as an agent',
      enroll,
    );
  }
  if (credential.kind === 'node' && credential.name !== hello.name) {
    const message = `the certificate is for ${credential.name}, the hello says ${hello.name}`;
    return refuse(
      'HEC_TLS',
      'other-name',
      message,
      `set NodeName=${credential.name} in the agent's configuration, or enrol ${hello.name}`,
    );
  }
  if (!facts.allowedNodes.has(hello.name)) {
    return refuse('HEC_NO_SUCH_NODE', 'not-allowed', `${hello.name} is not a node of this site`, enroll);
  }
  if (hello.highestEpoch > facts.epoch + epochLeadMax) {
    return refuse(
      'HEC_PROTOCOL',
      'epoch-lead',
      `${hello.name} says it has seen epoch ${hello.highestEpoch}, this manager has ${facts.epoch}: no manager was started that often`,
      'on the node, look at the file "epoch" in the state directory of the agent',
    );
  }
  if (hello.highestEpoch > facts.epoch) {
    const message = `${hello.name} has seen epoch ${hello.highestEpoch}, this manager has ${facts.epoch}: a newer manager has been here`;
    return refuse(
      'HEC_EPOCH',
      'epoch',
      message,
      'stop this manager, or restart it to make it the newest again',
    );
  }
  return { type: 'agent', node: hello.name as NodeName };
}

function admitOperator({ credential, hello }: AdmissionFacts): Admission {
  if (credential.kind === 'local') {
    // The kernel vouches for the socket's permissions, not for the name: it is written down as a claim.
    return { type: 'operator', who: `${claimedPrefix}${hello.name || '?'}`, role: credential.role };
  }
  if (credential.kind === 'operator')
    return { type: 'operator', who: credential.name, role: credential.role };
  if (credential.kind === 'stranger') {
    return refuse(
      strangerCode(credential.reason),
      credential.reason,
      credential.detail,
      'hecatectl operator enroll NAME, then hecatectl join',
    );
  }
  return refuse(
    'HEC_TLS',
    'not-an-operator',
    'only a certificate of an operator opens a session as one',
    'hecatectl operator enroll NAME',
  );
}

function admitPeer({ credential, hello }: AdmissionFacts): Admission {
  const enroll = `hecatectl peer enroll ${hello.name}, then there: hecatectl join --identity FOLDER`;
  if (credential.kind === 'peer') {
    if (credential.name === hello.name) return { type: 'peer', peer: credential.name };
    const message = `the certificate is for the manager ${credential.name}, the hello says ${hello.name}`;
    return refuse('HEC_TLS', 'other-name', message, enroll);
  }
  if (credential.kind === 'stranger')
    return refuse(strangerCode(credential.reason), credential.reason, credential.detail, enroll);
  return refuse(
    'HEC_TLS',
    'not-a-peer',
    'only a certificate of another manager opens a session as one',
    enroll,
  );
}

function admitJoiner({ credential }: AdmissionFacts): Admission {
  if (credential.kind === 'stranger') return { type: 'joiner' };
  if (credential.kind === 'node' || credential.kind === 'operator' || credential.kind === 'peer')
    return refuse('HEC_PROTOCOL', 'joiner', 'joining is for those who have no certificate yet', '');
  return refuse('HEC_PROTOCOL', 'joiner', 'joining goes over the TLS port of the manager only', '');
}

/** The role that a welcome grants. */
export function grantedRole(admission: Exclude<Admission, { type: 'refused' }>): Role {
  return admission.type === 'operator' ? admission.role : admission.type;
}
