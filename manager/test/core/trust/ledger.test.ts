import t from 'tap';
import type { IssuedCertificate } from '../../../src/core/trust/issued.ts';
import {
  emptyLedger,
  type Ledger,
  type LedgerInput,
  standings,
  stepLedger,
} from '../../../src/core/trust/ledger.ts';
import { isRevoked } from '../../../src/core/trust/revocations.ts';

const hash = (digit: string) => digit.repeat(64);
const web1 = { kind: 'node', name: 'web1' } as const;
const issue = (tokenId: string, identity: IssuedCertificate['identity'] = web1): LedgerInput => ({
  type: 'issue',
  tokenId,
  secretHash: hash('a'),
  identity,
  expiresAtMs: 1000,
  nowMs: 0,
});
const certified = (serial: string, tokenId?: string): LedgerInput => ({
  type: 'certified',
  certificate: { serial, identity: web1, issuedAtMs: 10, notAfterMs: 500 },
  certificatePem: `PEM ${serial}`,
  ...(tokenId === undefined ? {} : { token: { tokenId, keyHash: hash('1') } }),
});
const revoke: LedgerInput = { type: 'revoke-holder', kind: 'node', name: 'web1', nowMs: 20 };
const redeem = (tokenId: string): LedgerInput => ({
  type: 'redeem',
  tokenId,
  secretHash: hash('a'),
  keyHash: hash('1'),
  nowMs: 30,
});
const run = (...inputs: LedgerInput[]): Ledger =>
  inputs.reduce((state, input) => stepLedger(state, input).state, emptyLedger);
const stateAt = (nowMs: number, ...inputs: LedgerInput[]) =>
  standings(run(...inputs), nowMs).map((each) =>
    `${each.kind} ${each.name} ${each.state} ${each.serial}`.trim(),
  );

t.test('a token, its certificate and its record change in one step', async (t) => {
  const { state, effects } = stepLedger(run(issue('t1')), certified('A1', 't1'));
  t.strictSame(effects, [{ type: 'persist' }, { type: 'answer', identity: web1, certificatePem: 'PEM A1' }]);
  t.match(state.tokens.records, [{ use: { state: 'redeemed', certificatePem: 'PEM A1' } }]);
  t.match(state.issued, [{ serial: 'A1' }]);
});

t.test('revoking takes tokens and certificates; enrolling again gives new ones', async (t) => {
  const revoked = run(issue('t1'), certified('A1', 't1'), revoke);
  t.ok(isRevoked(revoked.revocations, { ...web1, serial: 'A1' }));
  t.strictSame(stepLedger(revoked, redeem('t1')).effects, [{ type: 'refuse', reason: 'withdrawn' }]);
  const back = [issue('t2'), certified('B2', 't2')].reduce(
    (state, input) => stepLedger(state, input).state,
    revoked,
  );
  t.notOk(isRevoked(back.revocations, { ...web1, serial: 'B2' }));
  t.ok(isRevoked(back.revocations, { ...web1, serial: 'A1' }));
  const renewed = stepLedger(back, certified('C3')).state;
  t.notOk(isRevoked(renewed.revocations, { ...web1, serial: 'C3' }), 'and so does renewing');
});

t.test('how a holder stands', async (t) => {
  t.strictSame(stateAt(10), []);
  t.strictSame(stateAt(10, issue('t1')), ['node web1 enrolled']);
  t.strictSame(stateAt(1000, issue('t1')), ['node web1 expired']);
  t.strictSame(stateAt(10, issue('t1'), certified('A1', 't1')), ['node web1 joined A1']);
  t.strictSame(
    stateAt(10, certified('A1'), issue('t1')),
    ['node web1 joined A1'],
    'a spare token changes nothing',
  );
  t.strictSame(stateAt(10, certified('A1'), certified('B2')), ['node web1 joined B2']);
  t.strictSame(stateAt(500, certified('A1')), ['node web1 expired A1']);
  t.strictSame(stateAt(30, certified('A1'), revoke), ['node web1 revoked A1']);
  t.strictSame(stateAt(30, revoke), ['node web1 revoked']);
  t.strictSame(stateAt(30, certified('A1'), revoke, issue('t1')), ['node web1 enrolled']);
  t.strictSame(stateAt(30, certified('A1'), revoke, issue('t1'), certified('B2', 't1')), [
    'node web1 joined B2',
  ]);
  t.strictSame(stateAt(30, certified('A1'), { type: 'revoke-serial', serial: 'A1', nowMs: 20 }), [
    'node web1 revoked A1',
  ]);
  const ada = { kind: 'operator', name: 'ada', role: 'admin' } as const;
  const both = standings(run(issue('t1', ada), issue('t2')), 10);
  t.match(both, [
    { kind: 'node', name: 'web1' },
    { kind: 'operator', name: 'ada', role: 'admin' },
  ]);
});
