/**
 * Who holds a certificate: the identity and its one spelling as a URI.
 *
 * The URI stands in the certificate's subjectAltName; two spellings of one identity, or one spelling of two,
 * would be a way to open a session as somebody else, so parsing accepts exactly what formatting writes.
 */

/** What an operator may do, weakest first: look; run operations; enrol, revoke and configure. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

export interface NodeIdentity {
  readonly kind: 'node';
  readonly name: string;
}
export interface OperatorIdentity {
  readonly kind: 'operator';
  readonly name: string;
  readonly role: Role;
}
/** Another manager, which forwards triggers. */
export interface PeerIdentity {
  readonly kind: 'peer';
  readonly name: string;
}
export type Identity = NodeIdentity | OperatorIdentity | PeerIdentity;
export type IdentityKind = Identity['kind'];

/**
 * Names as DNS labels joined by dots, lower case, 1 to 63 characters: a name must fit a certificate's
 * commonName (64 characters, RFC 5280 appendix A.1) and contain nothing that a URI or a log would quote.
 */
const namePattern = /^(?!.*\.\.)[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

/** The rule of `parseNodeName` (names.ts), for all kinds of holders; a test holds the two together. */
export function isIdentityName(text: unknown): text is string {
  return typeof text === 'string' && namePattern.test(text);
}

export function isRole(text: unknown): text is Role {
  return roles.some((role) => role === text);
}

export function isIdentityKind(text: unknown): text is IdentityKind {
  return text === 'node' || text === 'operator' || text === 'peer';
}

/**
 * Builds an identity from loose parts, as a decoded token, file or frame holds them.
 * @returns undefined when the parts are not exactly one valid identity (a node with a role is not).
 */
export function identityFrom(kind: unknown, name: unknown, role: unknown): Identity | undefined {
  if (!isIdentityName(name)) return undefined;
  if (kind === 'operator') return isRole(role) ? { kind, name, role } : undefined;
  if (role !== undefined) return undefined;
  return kind === 'node' || kind === 'peer' ? { kind, name } : undefined;
}

/** `urn:hecate:node:NAME`, `urn:hecate:operator:NAME:ROLE` or `urn:hecate:peer:NAME`. */
export function identityUri(identity: Identity): string {
  const stem = `urn:hecate:${identity.kind}:${identity.name}`;
  return identity.kind === 'operator' ? `${stem}:${identity.role}` : stem;
}

/** The exact reverse of {@link identityUri}; undefined for every other text. */
export function parseIdentityUri(uri: string): Identity | undefined {
  const [scheme, namespace, kind, name, role, ...rest] = uri.split(':');
  if (scheme !== 'urn' || namespace !== 'hecate' || rest.length > 0) return undefined;
  const identity = identityFrom(kind, name, role);
  return identity !== undefined && identityUri(identity) === uri ? identity : undefined;
}

/** Same kind and name; an operator's role is a property of its certificate, not of who it is. */
export function isSameHolder(
  left: { readonly kind: IdentityKind; readonly name: string },
  right: { readonly kind: IdentityKind; readonly name: string },
): boolean {
  return left.kind === right.kind && left.name === right.name;
}

/** For messages: `node web1`, `operator ada (admin)`. */
export function describeIdentity(identity: Identity): string {
  const text = `${identity.kind} ${identity.name}`;
  return identity.kind === 'operator' ? `${text} (${identity.role})` : text;
}
