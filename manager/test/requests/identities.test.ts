import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Method } from '@hecate/proto/core/frames.ts';
import { parseJoinToken } from '@hecate/proto/core/join-token.ts';
import {
  createEnroll,
  createInitAuthority,
  createListIdentities,
  createListNodes,
  createRenewCertificate,
  createRevoke,
  type Enroll,
  type IdentityKind,
  type InitAuthority,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { freePort } from '../../../test/site/manager-process.ts';
import { failureOf, managerBench } from '../support/manager-bench.ts';

const initAuthority = (value: Partial<InitAuthority> = {}): Method => ({
  case: 'initAuthority',
  value: createInitAuthority(value),
});
const enroll = (value: Partial<Enroll>): Method => ({
  case: 'enroll',
  value: createEnroll({ kind: 'node', ...value }),
});
const revoke = (kind: IdentityKind, name: string): Method => ({
  case: 'revoke',
  value: createRevoke({ kind, name }),
});
const list = (kind: IdentityKind): Method => ({
  case: 'listIdentities',
  value: createListIdentities({ kind }),
});

/** A site that takes any node that is enrolled. */
const open = async () => ({
  nodes: undefined,
  plain_loopback_listen: undefined,
  // A token names the port that agents dial.
  listen: [`127.0.0.1:${await freePort()}`],
});

t.test('an authority, a token, a list, a revocation', async (t) => {
  const bench = await managerBench(t, await open());
  const admin = await bench.operator('admin');
  const before = await failureOf(admin.ask(enroll({ name: 'node-a' })));
  t.match(before, { code: 'HEC_NO_AUTHORITY', remedy: 'hecatectl ca init' });
  const authority = await admin.get('authority', initAuthority({ site: 'bench' }));
  t.match(authority, { fingerprint: /^[0-9a-f]/i, names: ['127.0.0.1'] });
  t.equal(authority.existed, false);
  const again = await admin.get('authority', initAuthority({ site: 'bench' }));
  t.same(again, { ...authority, existed: true }, 'asked once more, it is told of the one that is there');
  t.match(await failureOf(admin.ask(initAuthority({ site: 'other' }))), {
    code: 'HEC_AUTHORITY_EXISTS',
    message: /of the site bench, not other; nothing was changed/,
  });

  const { token, name, expiresMs } = await admin.get(
    'joinToken',
    enroll({ name: 'node-a', lifetimeSeconds: 60 }),
  );
  t.equal(name, 'node-a');
  t.ok(expiresMs > Date.now() && expiresMs < Date.now() + 61_000);
  t.ok(parseJoinToken(token));
  const nodes = async () =>
    (await admin.get('nodes', { case: 'listNodes', value: createListNodes() })).nodes.map(
      (each) => each.name,
    );
  t.same(await nodes(), ['node-a'], 'an enrolled node is known before it has ever come');
  const { identities } = await admin.get('identities', list('node'));
  t.match(identities, [{ kind: 'node', name: 'node-a', state: 'enrolled' }]);

  await admin.ask(revoke('node', 'node-a'));
  t.same(await nodes(), []);
  t.match((await admin.get('identities', list('node'))).identities, [{ state: 'revoked' }]);
  t.match(await failureOf(admin.ask(revoke('node', 'node-z'))), {
    code: 'HEC_NO_SUCH_NODE',
    message: /ever enrolled; .* revoked now/,
  });
  t.match(await failureOf(admin.ask(revoke('unspecified', 'node-a'))), { code: 'HEC_USAGE' });

  const entries = await bench.audited(({ what }) => what === 'enroll' || what === 'revoke', 5);
  t.match(entries, [
    { what: 'enroll', outcome: 'failed', code: 'HEC_NO_AUTHORITY' },
    { what: 'enroll', outcome: 'done', subject: 'node-a', who: 'local:alice', claimed: true },
    { what: 'revoke', outcome: 'done', subject: 'node-a' },
    { what: 'revoke', outcome: 'failed' },
    { what: 'revoke', outcome: 'failed' },
  ]);
  t.notMatch(readFileSync(bench.config.audit.file, 'utf8'), token, 'the token is in no log');
});

t.test('a revocation that the disk refuses is in force all the same', async (t) => {
  const bench = await managerBench(t, await open());
  const admin = await bench.operator('admin');
  await admin.ask(initAuthority({ site: 'bench' }));
  await admin.ask(enroll({ name: 'node-a' }));
  const ledger = join(bench.config.stateDirectory, 'authority', 'ledger.json');
  renameSync(ledger, `${ledger}.kept`);
  // A folder in its place: no file can take the name.
  mkdirSync(ledger);
  t.match(await failureOf(admin.ask(revoke('node', 'node-a'))), { code: 'HEC_STATE' });
  const { nodes } = await admin.get('nodes', { case: 'listNodes', value: createListNodes() });
  t.same(nodes, [], 'the fleet follows');
  const ledgerChecks = async () =>
    (await admin.get('health', { case: 'getHealth', value: {} })).checks.filter(
      ({ name }) => name === 'state',
    );
  t.match(await ledgerChecks(), [{ passed: false, detail: /ledger cannot be written/ }]);
  rmSync(ledger, { recursive: true });
  await admin.ask(enroll({ name: 'node-b' }));
  t.match(await ledgerChecks(), [{ passed: true }]);
});

t.test('mistakes', async (t) => {
  const bench = await managerBench(t, { nodes: ['node-a'], plain_loopback_listen: undefined });
  const admin = await bench.operator('admin');
  t.match(await failureOf(admin.ask(initAuthority({ names: ['x'] }))), {
    code: 'HEC_USAGE',
    message: /names of the manager come from its configuration/,
  });
  await admin.ask(initAuthority());
  t.match(await failureOf(admin.ask(enroll({ name: 'node-b' }))), {
    code: 'HEC_NO_SUCH_NODE',
    remedy: /"nodes"/,
  });
  t.match(await failureOf(admin.ask(enroll({ name: '../x' }))), { code: 'HEC_BAD_NAME' });
  t.match(await failureOf(admin.ask(enroll({ kind: 'operator', name: 'bob', role: 'agent' }))), {
    code: 'HEC_USAGE',
  });
  t.match(await failureOf(admin.ask({ case: 'renewCertificate', value: createRenewCertificate() })), {
    code: 'HEC_TLS',
    message: /no certificate to renew/,
  });
});

t.test('who may', async (t) => {
  const bench = await managerBench(t, await open());
  for (const role of ['viewer', 'operator'] as const) {
    const operator = await bench.operator(role);
    for (const method of [initAuthority(), enroll({ name: 'node-a' }), revoke('node', 'node-a')])
      t.match(await failureOf(operator.ask(method)), { code: 'HEC_ROLE' }, `${role}: ${method.case}`);
  }
  const viewer = await bench.operator('viewer');
  t.match(await failureOf(viewer.ask(list('node'))), { code: 'HEC_ROLE' });
  t.same((await (await bench.operator()).get('identities', list('operator'))).identities, []);
});
