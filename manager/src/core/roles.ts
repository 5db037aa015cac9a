/** Which role a request needs. The agent's own policy has the last word after this. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Method } from '@hecate/proto/core/frames.ts';
import { isOrdinaryJobMode } from '@hecate/proto/core/job-modes.ts';
import { isPowerOperation } from '@hecate/proto/core/power-units.ts';
import type { Operate, Role, Verb } from '@hecate/proto/generated/wire.ts';

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
  listOperations: 'viewer',
  renewCertificate: 'viewer',
  listIdentities: 'operator',
  operate: 'operator',
  setLogLevel: 'operator',
  getPlan: 'viewer',
  listRuns: 'viewer',
  getRun: 'viewer',
  watchRun: 'viewer',
  getPower: 'viewer',
  playScenario: 'viewer',
  // Admin, too, where the plan does more than operate units: the handler knows the plan.
  startRun: 'operator',
  abortRun: 'operator',
  enroll: 'admin',
  revoke: 'admin',
  initAuthority: 'admin',
};

/** What of an operation is more than operating units: a command of the caller's choice as root, the end of a host. */
function beyondOperator({ verb, units, options }: Operate): string | undefined {
  if (verb === 'exec' || isPowerOperation(verb, '')) return verb;
  const unit = units.find((name) => isPowerOperation(verb, name));
  if (unit !== undefined) return `${verb} ${unit}`;
  const jobMode = options?.jobMode ?? '';
  return isOrdinaryJobMode(jobMode) ? undefined : `${verb} with the job mode ${jobMode}`;
}

/** The role that a request needs; `undefined` when operators cannot ask it at all. */
export function neededRole(method: Method): OperatorRole | undefined {
  if (method.case === 'operate' && beyondOperator(method.value)) return 'admin';
  return needed[method.case];
}

/** @throws HEC_ROLE */
export function requireRole(role: Role, method: Method): void {
  const need = neededRole(method);
  if (need && rankOf(role) >= rank[need]) return;
  const what = method.case === 'operate' ? (beyondOperator(method.value) ?? method.value.verb) : method.case;
  throw roleError(what, need, role);
}

/**
 * The same for what globs stood for, which is known once they were expanded.
 * @throws HEC_ROLE
 */
export function requireRoleForUnits(role: Role, verb: Verb, units: readonly string[]): void {
  if (rankOf(role) >= rank.admin) return;
  const unit = units.find((name) => isPowerOperation(verb, name));
  if (unit !== undefined) throw roleError(`${verb} ${unit}`.trimEnd(), 'admin', role);
}

const rankOf = (role: Role): number =>
  role === 'viewer' || role === 'operator' || role === 'admin' ? rank[role] : 0;

function roleError(what: string, need: OperatorRole | undefined, role: Role): HecateError {
  return new HecateError(
    'HEC_ROLE',
    `${what} needs the role ${need ?? 'of another kind'}, yours is ${role}`,
    need ? `ask an admin to run: hecatectl operator enroll NAME --role ${need}` : '',
  );
}
