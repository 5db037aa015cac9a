/** What a restore tells people: what is there now, what it has left out, and what is to be done next. */
import type { RestoreReport } from '@hecate/proto/core/backup-report.ts';
import { printable } from './printable.ts';

export function restoreLines(report: RestoreReport): string[] {
  const { file, site, made_at, made_on, version, nodes, epoch } = report;
  const head = `${file}: site ${site}, made at ${made_at} on ${made_on} by Hecate ${version}`;
  const known = nodes.length === 0 ? 'it knows no nodes' : `it knows ${nodes.join(', ')}`;
  const rest = report.is_restored
    ? restored(report)
    : [`it is whole, and of epoch ${epoch}; nothing was changed`, ...leftOut(report)];
  return [head, known, ...rest].map(printable);
}

function restored(report: RestoreReport): string[] {
  return [
    `restored: ${report.state_directory}${report.config === null ? '' : `, ${report.config}`}; epoch ${report.epoch}`,
    ...report.kept_aside.map((path) => `kept aside: ${path}`),
    ...leftOut(report),
    ...revoked(report),
    `agents must dial one of: ${report.names.join(', ')}`,
    'next: systemctl start hecate-manager; hecatectl list-nodes; whom you revoked on another host since, revoke again: hecatectl node revoke NAME',
  ];
}

function revoked({ kept_revocations, unread_ledgers }: RestoreReport): string[] {
  return [
    ...(kept_revocations.length === 0
      ? []
      : [`revoked here since the backup, and still: ${kept_revocations.join(', ')}`]),
    ...unread_ledgers.map((why) => `whom you revoked here since is not known, revoke them again: ${why}`),
  ];
}

function leftOut({ ended_runs, withdrawn_tokens }: RestoreReport): string[] {
  return [
    ...ended_runs.map((run) => `run ${run} was going on: it counts as failed, and is not resumed`),
    ...(withdrawn_tokens === 0
      ? []
      : [`${withdrawn_tokens} open join tokens are withdrawn: enrol these hosts again`]),
  ];
}
