import t from 'tap';
import {
  acceptedSerialsMax,
  isRevoked,
  noRevocations,
  type RevocationInput,
  type Revocations,
  revokedHoldersMax,
  revokedSerialsMax,
  stepRevocations,
} from '../../../src/core/trust/revocations.ts';

const run = (...inputs: RevocationInput[]): Revocations =>
  inputs.reduce((state, input) => stepRevocations(state, input).state, noRevocations);
const revoke = (name: string): RevocationInput => ({ type: 'revoke-holder', kind: 'node', name, nowMs: 5 });
const issued = (name: string, serial: string): RevocationInput => ({
  type: 'issued',
  kind: 'node',
  name,
  serial,
});
const web1 = (serial: string) => ({ kind: 'node', name: 'web1', serial }) as const;

t.test('a revoked holder loses everything it had, and nobody else does', async (t) => {
  const state = run(issued('web1', 'A1'), revoke('web1'));
  t.ok(isRevoked(state, web1('A1')));
  t.ok(isRevoked(state, web1('FF')), 'also a certificate that was never listed');
  t.notOk(isRevoked(state, { kind: 'node', name: 'web2', serial: 'A1' }));
  t.notOk(isRevoked(state, { kind: 'operator', name: 'web1', serial: 'A1' }));
  t.notOk(isRevoked(noRevocations, web1('A1')));
});

t.test('what is issued afterwards is good, until revoked again', async (t) => {
  const rejoined = run(revoke('web1'), issued('web1', 'B2'));
  t.notOk(isRevoked(rejoined, web1('B2')));
  t.ok(isRevoked(rejoined, web1('A1')));
  const again = run(revoke('web1'), issued('web1', 'B2'), revoke('web1'));
  t.ok(isRevoked(again, web1('B2')));
  t.equal(again.holders.length, 1);
});

t.test('one serial number, for good', async (t) => {
  const state = run({ type: 'revoke-serial', serial: 'A1', nowMs: 5 }, issued('web1', 'A1'));
  t.ok(isRevoked(state, web1('A1')));
  t.notOk(isRevoked(state, web1('A2')));
  const both = run(revoke('web1'), issued('web1', 'B2'), { type: 'revoke-serial', serial: 'B2', nowMs: 5 });
  t.ok(isRevoked(both, web1('B2')));
});

t.test('only what changes is written', async (t) => {
  t.strictSame(stepRevocations(noRevocations, issued('web1', 'A1')), { state: noRevocations, effects: [] });
  const serial: RevocationInput = { type: 'revoke-serial', serial: 'A1', nowMs: 5 };
  t.strictSame(stepRevocations(run(serial), serial).effects, []);
  t.strictSame(stepRevocations(run(revoke('web1')), issued('web1', 'B2')).effects, [{ type: 'persist' }]);
});

t.test('the lists are bounded and nothing revoked is pushed out', async (t) => {
  const holders = Array.from({ length: revokedHoldersMax }, (_, index) => ({
    kind: 'node' as const,
    name: `n${index}`,
    revokedAtMs: 0,
    acceptedSerials: [],
  }));
  const serials = Array.from({ length: revokedSerialsMax }, (_, index) => ({
    serial: `${index}`,
    revokedAtMs: 0,
  }));
  const full: Revocations = { holders, serials };
  const refused = { state: full, effects: [{ type: 'refuse' as const, reason: 'limit' as const }] };
  t.strictSame(stepRevocations(full, revoke('more')), refused);
  t.strictSame(stepRevocations(full, { type: 'revoke-serial', serial: 'MORE', nowMs: 5 }), refused);
  t.strictSame(
    stepRevocations(full, revoke('n0')).effects,
    [{ type: 'persist' }],
    'a listed one can be repeated',
  );

  const renewals = Array.from({ length: acceptedSerialsMax + 3 }, (_, index) => issued('web1', `B${index}`));
  const state = run(revoke('web1'), ...renewals);
  t.equal(state.holders[0]?.acceptedSerials.length, acceptedSerialsMax);
  t.notOk(isRevoked(state, web1(`B${acceptedSerialsMax + 2}`)));
  t.ok(isRevoked(state, web1('B0')), 'the oldest is refused, never a new one');
});
