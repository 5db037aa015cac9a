import type { RestoreReport } from '@hecate/proto/core/backup-report.ts';
import t from 'tap';
import { restoreLines } from '../../src/core/restore-text.ts';

const report: RestoreReport = {
  file: '/root/hecate.tar',
  is_restored: true,
  site: 'home',
  made_at: '2026-11-21T20:00:00.000Z',
  made_on: 'pi',
  version: '0.1.0',
  config: '/etc/hecate/hecate.yaml',
  state_directory: '/var/lib/hecate',
  epoch: 1_000_000_003,
  kept_aside: ['/var/lib/hecate/before-restore-1'],
  ended_runs: ['01KASVJ5T0ABCDEFGHJKMNPQRS'],
  withdrawn_tokens: 1,
  kept_revocations: ['node srv-3', 'operator mallory'],
  unread_ledgers: ['ledger.json is damaged'],
  nodes: ['srv-1', 'srv-2'],
  names: ['manager.lan'],
};

t.test('what is there, what is left out, what is next', async (t) => {
  t.same(restoreLines(report), [
    '/root/hecate.tar: site home, made at 2026-11-21T20:00:00.000Z on pi by Hecate 0.1.0',
    'it knows srv-1, srv-2',
    'restored: /var/lib/hecate, /etc/hecate/hecate.yaml; epoch 1000000003',
    'kept aside: /var/lib/hecate/before-restore-1',
    'run 01KASVJ5T0ABCDEFGHJKMNPQRS was going on: it counts as failed, and is not resumed',
    '1 open join tokens are withdrawn: enrol these hosts again',
    'revoked here since the backup, and still: node srv-3, operator mallory',
    'whom you revoked here since is not known, revoke them again: ledger.json is damaged',
    'agents must dial one of: manager.lan',
    'next: systemctl start hecate-manager; hecatectl list-nodes; whom you revoked on another host since, revoke again: hecatectl node revoke NAME',
  ]);
});

t.test('a check says that nothing was changed', async (t) => {
  const lines = restoreLines({
    ...report,
    is_restored: false,
    ended_runs: [],
    withdrawn_tokens: 0,
    nodes: [],
  });
  t.same(lines.slice(1), ['it knows no nodes', 'it is whole, and of epoch 1000000003; nothing was changed']);
});
