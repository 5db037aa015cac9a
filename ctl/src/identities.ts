/** Enrolling, revoking and listing: the same for nodes and for operators. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { IdentityInfo, IdentityKind } from '@hecate/proto/generated/wire.ts';
import { createEnroll } from '@hecate/proto/generated/wire.ts';
import type { Context, End } from './context.ts';
import type { ArgumentDefinition, OptionDefinition } from './core/command-definition.ts';
import { parseDurationMs } from './core/duration.ts';
import { cell, type Tone } from './core/table.ts';
import { orNull, timeOrNull } from './output/outcome-json.ts';
import { localTime, until } from './output/time-text.ts';

export type Holder = Exclude<IdentityKind, 'unspecified'>;

export const holderArgument = (
  kind: Holder,
  completion: ArgumentDefinition['completion'],
): ArgumentDefinition => ({
  name: 'NAME',
  description: `the name of the ${kind}: 1 to 63 of a-z, 0-9, "-" and "."`,
  isRequired: true,
  isVariadic: false,
  completion,
});

export const lifetimeOption: OptionDefinition = {
  long: 'lifetime',
  valueName: 'DURATION',
  description:
    "how long the token may be used, like 15min or 2h; the manager's trust.token_lifetime when not given",
};

/** A month: a token that lies about for longer is a password. */
const lifetimeMaxMs = 31 * 86_400_000;

export async function enroll(
  context: Context,
  kind: Holder,
  role: 'unspecified' | 'viewer' | 'operator' | 'admin',
): Promise<End> {
  const { invocation, out } = context;
  const name = invocation.operand('NAME') ?? '';
  const lifetime = invocation.text('lifetime');
  const lifetimeSeconds =
    lifetime === undefined ? 0 : Math.ceil(parseDurationMs(lifetime, lifetimeMaxMs) / 1000);
  const value = createEnroll({ kind, name, role, lifetimeSeconds });
  const token = await context.ask('joinToken', { case: 'enroll', value });
  if (out.isJson) {
    out.json({ kind, name: token.name, token: token.token, expires: timeOrNull(token.expiresMs) });
    return 'success';
  }
  // Alone on stdout, so that it can be piped to where it is used and needs to be shown nowhere.
  out.line(token.token);
  const { program, where, host, join } = joining(kind, name);
  out.note(
    `This token admits ${kind} ${name} once, until ${localTime(token.expiresMs)} (${formatDuration(Math.max(0, token.expiresMs - Date.now()))}).`,
  );
  out.note(`next: ${where}, give it to ${program} join on stdin, for example:`);
  out.note(`  hecatectl ${kind} enroll ${name} --quiet | ssh ${host} ${join}`);
  return 'success';
}

/** Who joins, where, and how. */
function joining(kind: Holder, name: string) {
  switch (kind) {
    case 'node':
      return { program: 'hecate-agent', where: `on ${name}`, host: name, join: 'hecate-agent join' };
    case 'operator':
      return {
        program: 'hecatectl',
        where: `on the computer of ${name}`,
        host: 'HOST',
        join: 'hecatectl join',
      };
    case 'peer':
      return {
        program: 'hecatectl',
        where: 'on its host, as the user of its manager',
        host: name,
        join: 'sudo -u hecate hecatectl join --identity FOLDER',
      };
  }
}

export async function revoke(context: Context, kind: Holder): Promise<End> {
  const name = context.invocation.operand('NAME') ?? '';
  await context.ask('done', { case: 'revoke', value: { kind, name } });
  if (context.out.isJson) context.out.json({ kind, name, state: 'revoked' });
  else
    context.out.note(
      `${kind} ${name} is revoked: its certificates and tokens count no more, its sessions are ended`,
    );
  return 'success';
}

const tones: Record<string, Tone> = { joined: 'good', revoked: 'bad', expired: 'bad', enrolled: 'doubtful' };

const identityJson = (identity: IdentityInfo): Record<string, unknown> => ({
  kind: identity.kind,
  name: identity.name,
  role: identity.kind === 'operator' ? identity.role : null,
  state: identity.state,
  issued: timeOrNull(identity.issuedMs),
  not_after: timeOrNull(identity.notAfterMs),
  serial: orNull(identity.serial),
});

export async function listIdentities(context: Context, kind: Holder): Promise<End> {
  const { out } = context;
  const { identities } = await context.ask('identities', { case: 'listIdentities', value: { kind } });
  const sorted = identities.toSorted((a, b) => a.name.localeCompare(b.name));
  if (out.isJson) {
    out.json(sorted.map(identityJson));
    return 'success';
  }
  const isOperator = kind === 'operator';
  const nowMs = Date.now();
  out.table(
    [
      { title: 'NAME' },
      ...(isOperator ? [{ title: 'ROLE' }] : []),
      { title: 'STATE' },
      { title: 'ENDS' },
      { title: 'SERIAL' },
    ],
    sorted.map((identity) => [
      cell(identity.name),
      ...(isOperator ? [cell(identity.role)] : []),
      cell(identity.state, tones[identity.state] ?? 'plain'),
      cell(until(identity.notAfterMs, nowMs)),
      cell(identity.serial || '-'),
    ]),
  );
  if (sorted.length === 0) out.note(`none yet: hecatectl ${kind} enroll NAME`);
  return 'success';
}
