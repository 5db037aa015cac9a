/** Which role a request needs. The agent's own policy has the last word after this. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Method } from '@hecate/proto/core/frames.ts';
import type { Role, Verb } from '@hecate/proto/generated/wire.ts';

export type OperatorRole = 'viewer' | 'operator' | 'admin';

const rank: Record<OperatorRole, number> = { viewer: 1, operator: 2, admin: 3 };

const needed: Partial<Record<Method['case'], OperatorRole>> = {
  listNodes: 'viewer',
  listUnits: 'viewer',
  read: 'viewer',
  monitor: 'viewer',
  waitUnits: 'viewer',
  getMetrics: 'viewer',
  getHealth: 'viewer',
  diagnose: 'viewer',
  getOperation: 'viewer',
  renewCertificate: 'viewer',
  listIdentities: 'operator',
  operate: 'operator',
  setLogLevel: 'operator',
  enroll: 'admin',
  revoke: 'admin',
  initAuthority: 'admin',
};

/** A command of the caller's choice as root, and the end of a host, are more than operating units. */
const adminVerbs: ReadonlySet<Verb> = new Set<Verb>(['exec', 'poweroff', 'reboot']);

/** The role that a request needs; `undefined` when operators cannot ask it at all. */
export function neededRole(method: Method): OperatorRole | undefined {
  if (method.case === 'operate' && adminVerbs.has(method.value.verb)) return 'admin';
  return needed[method.case];
}

/** @throws HEC_ROLE */
export function requireRole(role: Role, method: Method): void {
  const need = neededRole(method);
  const has = role === 'viewer' || role === 'operator' || role === 'admin' ? rank[role] : 0;
  if (need && has >= rank[need]) return;
  const what = method.case === 'operate' ? method.value.verb : method.case;
  throw new HecateError(
    'HEC_ROLE',
    `${what} needs the role ${need ?? 'of another kind'}, yours is ${role}`,
    need ? `ask an admin to run: hecatectl operator enroll NAME --role ${need}` : '',
  );
}
