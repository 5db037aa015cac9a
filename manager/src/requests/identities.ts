/** Enrolling, listing and revoking, and the authority behind it. All of it is audited. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import type {
  Enroll,
  InitAuthority,
  ListIdentities,
  RenewCertificate,
  Revoke,
} from '@hecate/proto/generated/wire.ts';
import type { OperatorRequest } from './context.ts';

export async function enroll({ value, context }: OperatorRequest<Enroll>): Promise<Outcome> {
  const token = await context.trust.enroll(value);
  await context.trustChanged();
  return { case: 'joinToken', value: token };
}

/**
 * Sessions end and the list of nodes follows also when the disk refuses the revocation, which is in force at once
 * all the same, or when the name was never enrolled: whoever revokes is in no mood for less. What a peer has asked for
 * ends with it: nobody else could take it back.
 */
export async function revoke({ value, context }: OperatorRequest<Revoke>): Promise<Outcome> {
  const { kind, name } = value;
  let failure: HecateError | undefined;
  const note = (error: unknown): void => {
    failure ??= asHecateError(error);
  };
  await context.trust.revoke(kind, name).catch(note);
  if (kind !== 'unspecified') context.endSessionsOf(kind, name);
  if (kind === 'peer') await context.power.forwards.desk.revoke(name).catch(note);
  await context.trustChanged().catch(note);
  if (failure) throw failure;
  return { case: 'done', value: {} };
}

export async function listIdentities({ value, context }: OperatorRequest<ListIdentities>): Promise<Outcome> {
  return { case: 'identities', value: { identities: context.trust.list(value.kind) } };
}

export async function initAuthority({ value, context }: OperatorRequest<InitAuthority>): Promise<Outcome> {
  if (value.names.length > 0) {
    throw new HecateError(
      'HEC_USAGE',
      'the names of the manager come from its configuration',
      'set "names" in hecate.yaml, then: systemctl reload hecate-manager',
    );
  }
  const authority = await context.trust.initAuthority(value.site || context.config().site);
  await context.trustChanged();
  return { case: 'authority', value: authority };
}

export async function renewOperator({
  value,
  context,
  caller,
}: OperatorRequest<RenewCertificate>): Promise<Outcome> {
  return { case: 'certificate', value: await context.trust.renew(caller.peer, value) };
}
