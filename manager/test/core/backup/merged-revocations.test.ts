import fc from 'fast-check';
import t from 'tap';
import { mergeRevocations } from '../../../src/core/backup/merged-revocations.ts';
import { emptyLedger, type Ledger, type LedgerInput, stepLedger } from '../../../src/core/trust/ledger.ts';
import { isRevoked, revokedSerialsMax } from '../../../src/core/trust/revocations.ts';

const node = (name: string) => ({ kind: 'node', name }) as const;
const revoke = (name: string, nowMs = 5): LedgerInput => ({ type: 'revoke-holder', ...node(name), nowMs });
const certify = (name: string, serial: string): LedgerInput => ({
  type: 'certified',
  certificate: { serial, identity: node(name), issuedAtMs: 1, notAfterMs: 1_000_000 },
  certificatePem: '',
});
const after = (start: Ledger, ...inputs: LedgerInput[]): Ledger =>
  inputs.reduce((ledger, input) => stepLedger(ledger, input).state, start);

function merged(backup: Ledger, present: Ledger) {
  const result = mergeRevocations(backup, present);
  if (!result) throw new Error('it fits');
  const isGone = (name: string, serial: string): boolean =>
    isRevoked(result.revocations, { ...node(name), serial });
  return { ...result, isGone };
}

const before = after(emptyLedger, certify('a', 'A1'), certify('b', 'B1'));

t.test('whom the state that is there revokes stays revoked', async (t) => {
  const { isGone, kept } = merged(before, after(before, revoke('a')));
  t.ok(isGone('a', 'A1'));
  t.notOk(isGone('b', 'B1'));
  t.same(kept, [node('a')]);
});

t.test('so does who was revoked once more, and who was enrolled again since keeps that', async (t) => {
  const backup = after(before, revoke('a', 5), certify('a', 'A2'));
  const twice = merged(backup, after(backup, revoke('a', 9)));
  t.ok(twice.isGone('a', 'A2'));
  t.same(twice.kept, [node('a')]);
  const renewed = merged(backup, after(backup, revoke('a', 9), certify('a', 'A3')));
  t.ok(renewed.isGone('a', 'A2'));
  t.notOk(renewed.isGone('a', 'A3'));
});

t.test('a backup that is newer than what is there leads, as on a spare host', async (t) => {
  const stale = after(before, revoke('a', 5), certify('a', 'A2'));
  const newer = after(stale, certify('a', 'A3'), revoke('b', 7), certify('b', 'B2'));
  const { isGone, kept } = merged(newer, stale);
  for (const [name, serial] of [
    ['a', 'A2'],
    ['a', 'A3'],
    ['b', 'B2'],
  ] as const)
    t.notOk(isGone(name, serial), serial);
  t.ok(isGone('b', 'B1'));
  t.same(kept, []);
});

t.test('single certificates, too, and no more than a ledger holds (I14)', async (t) => {
  const present = after(before, { type: 'revoke-serial', serial: 'B1', nowMs: 5 });
  t.ok(merged(before, present).isGone('b', 'B1'));
  const serials = (prefix: string) =>
    Array.from({ length: revokedSerialsMax / 2 + 1 }, (_, index) => ({
      serial: `${prefix}${index}`,
      revokedAtMs: 0,
    }));
  const full = (prefix: string): Ledger => ({
    ...emptyLedger,
    revocations: { holders: [], serials: serials(prefix) },
  });
  t.equal(mergeRevocations(full('A'), full('B')), undefined);
});

t.test('of one manager at two times, what the later one refuses stays refused', async () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const event = fc.oneof(
    fc.record({ type: fc.constant('revoke' as const), name: names }),
    fc.record({ type: fc.constant('certify' as const), name: names }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), fc.boolean(), (events, cut, isNewer) => {
      let ledger = emptyLedger;
      let early = emptyLedger;
      const serials: { name: string; serial: string }[] = [];
      events.forEach(({ type, name }, index) => {
        if (index === cut) early = ledger;
        const serial = `F${index}`;
        if (type === 'certify') serials.push({ name, serial });
        ledger = after(ledger, type === 'revoke' ? revoke(name, index) : certify(name, serial));
      });
      if (cut >= events.length) early = ledger;
      const { isGone } = isNewer ? merged(ledger, early) : merged(early, ledger);
      for (const { name, serial } of serials)
        if (isRevoked(ledger.revocations, { ...node(name), serial }) && !isGone(name, serial))
          throw new Error(`${serial} of ${name} is accepted again`);
    }),
    { numRuns: 500 },
  );
});
