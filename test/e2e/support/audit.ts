/** What the audit log says. */
import { until } from '../../nodes/until.ts';
import type { ManagerProcess } from '../../site/manager-process.ts';

export type AuditEntry = Record<string, unknown>;

const isLike = (entry: AuditEntry, wanted: AuditEntry): boolean =>
  Object.entries(wanted).every(([key, value]) => entry[key] === value);

/** Entries with these fields, oldest first. */
export const auditOf = (manager: ManagerProcess, wanted: AuditEntry): AuditEntry[] =>
  manager.audit().filter((entry) => isLike(entry, wanted));

/** The newest such entry, as soon as there are `count`: the log is written behind. */
export async function untilAudited(
  manager: ManagerProcess,
  wanted: AuditEntry,
  count = 1,
): Promise<AuditEntry> {
  const entries = await until(
    () => {
      const found = auditOf(manager, wanted);
      return found.length >= count ? found : undefined;
    },
    { what: `the audit log holds ${count} of ${JSON.stringify(wanted)}`, timeoutMs: 15_000 },
  );
  const newest = entries.at(-1);
  if (!newest) throw new Error('no entry');
  return newest;
}
