import t from 'tap';
import {
  expiredTokensKeptMs,
  failedAttemptsMax,
  noTokens,
  stepTokens,
  type TokenEffect,
  type TokenInput,
  type Tokens,
  tokensMax,
} from '../../../src/core/trust/tokens.ts';

const hash = (digit: string) => digit.repeat(64);
const web1 = { kind: 'node', name: 'web1' } as const;
const issue = (tokenId: string, part: object = {}): TokenInput => ({
  type: 'issue',
  tokenId,
  secretHash: hash('a'),
  identity: web1,
  expiresAtMs: 1000,
  nowMs: 0,
  ...part,
});
const redeem = (part: object = {}): TokenInput => ({
  type: 'redeem',
  tokenId: 't1',
  secretHash: hash('a'),
  keyHash: hash('1'),
  nowMs: 10,
  ...part,
});
const certified: TokenInput = {
  type: 'certified',
  tokenId: 't1',
  keyHash: hash('1'),
  certificatePem: 'PEM',
  nowMs: 10,
};

function run(...inputs: TokenInput[]): { state: Tokens; effects: readonly TokenEffect[] } {
  let step: { state: Tokens; effects: readonly TokenEffect[] } = { state: noTokens, effects: [] };
  for (const input of inputs) step = stepTokens(step.state, input);
  return step;
}
const refusal = (...inputs: TokenInput[]) => {
  const last = run(...inputs).effects.at(-1);
  return last?.type === 'refuse' ? last.reason : last?.type;
};

t.test('issued, redeemed and answered, each durable first', async (t) => {
  t.strictSame(run(issue('t1')).effects, [{ type: 'persist' }, { type: 'issued' }]);
  const asked = run(issue('t1'), redeem());
  t.strictSame(asked.effects, [{ type: 'certify', identity: web1 }]);
  t.equal(asked.state.records[0]?.use.state, 'open', 'nothing is used up until the certificate exists');
  t.strictSame(run(issue('t1'), redeem(), certified).effects, [
    { type: 'persist' },
    { type: 'answer', identity: web1, certificatePem: 'PEM' },
  ]);
});

t.test('exactly once: the same key gets the same answer, another gets none', async (t) => {
  const used = [issue('t1'), redeem(), certified];
  const again = run(...used, redeem({ nowMs: 999 }));
  t.strictSame(again.effects, [{ type: 'answer', identity: web1, certificatePem: 'PEM' }]);
  t.equal(refusal(...used, redeem({ keyHash: hash('2') })), 'redeemed-by-another-key');
  t.equal(refusal(...used, redeem({ nowMs: 1000 })), 'expired');
  t.throws(() => run(...used, certified), /not open/);
  t.throws(() => run(certified), /not open/);
});

t.test('unknown, expired, and who does not know the secret', async (t) => {
  t.equal(refusal(redeem()), 'unknown');
  t.equal(refusal(issue('t1'), redeem({ nowMs: 999 })), 'certify');
  t.equal(refusal(issue('t1'), redeem({ nowMs: 1000 })), 'expired');
  t.equal(refusal(issue('t1'), redeem({ secretHash: hash('b') })), 'wrong-secret');
  t.equal(refusal(issue('t1'), redeem({ secretHash: '' })), 'wrong-secret');
  t.equal(refusal(issue('t1'), redeem({ secretHash: `${hash('a')}a` })), 'wrong-secret');
  t.equal(refusal(issue('t1'), redeem({ secretHash: hash('a').slice(1) })), 'wrong-secret');
  const wrongAndLate = redeem({ secretHash: hash('b'), nowMs: 5000 });
  t.equal(refusal(issue('t1'), wrongAndLate), 'wrong-secret', 'learns nothing about the expiry');
});

t.test('guessing burns the token, durably counted, also for its owner', async (t) => {
  const wrong = redeem({ secretHash: hash('b') });
  const guesses = Array<TokenInput>(failedAttemptsMax).fill(wrong);
  t.equal(refusal(issue('t1'), ...guesses.slice(1), redeem()), 'certify', 'one fewer does not');
  t.equal(refusal(issue('t1'), ...guesses, redeem()), 'burned');
  t.strictSame(run(issue('t1'), wrong).effects[0], { type: 'persist' });
  t.equal(
    refusal(issue('t1'), redeem(), certified, ...guesses, redeem()),
    'answer',
    'a used one is not burned',
  );
});

t.test('a newer token replaces the unused older one of the same holder only', async (t) => {
  t.equal(refusal(issue('t1'), issue('t2'), redeem()), 'withdrawn');
  t.equal(refusal(issue('t1'), issue('t2'), redeem({ tokenId: 't2' })), 'certify');
  const others = [
    { kind: 'node', name: 'web2' },
    { kind: 'operator', name: 'web1', role: 'admin' },
  ];
  for (const identity of others)
    t.equal(refusal(issue('t1'), issue('t2', { identity }), redeem()), 'certify');
  t.equal(
    refusal(issue('t1'), redeem(), certified, issue('t2'), redeem()),
    'answer',
    'a lost answer can be had',
  );
});

t.test('after a withdrawal not even a lost answer can be had', async (t) => {
  const withdraw: TokenInput = { type: 'withdraw', kind: 'node', name: 'web1' };
  t.equal(refusal(issue('t1'), withdraw, redeem()), 'withdrawn');
  t.equal(refusal(issue('t1'), redeem(), certified, withdraw, redeem()), 'withdrawn');
  t.equal(refusal(issue('t1'), { ...withdraw, name: 'web2' }, redeem()), 'certify');
  t.equal(refusal(issue('t1'), { ...withdraw, kind: 'operator' }, redeem()), 'certify');
  t.strictSame(run(issue('t1'), withdraw, withdraw).effects, [], 'nothing to write the second time');
});

t.test('bounded, and room again once tokens are long expired', async (t) => {
  const many = Array.from({ length: tokensMax }, (_, index) =>
    issue(`t${index}`, { identity: { kind: 'node', name: `n${index}` } }),
  );
  const full = run(...many).state;
  const another = { kind: 'node', name: 'another' };
  const step = stepTokens(full, issue('more', { identity: another, nowMs: 1000 + expiredTokensKeptMs - 1 }));
  t.strictSame(step, { state: full, effects: [{ type: 'refuse', reason: 'limit' }] });
  const later = stepTokens(full, issue('more', { identity: another, nowMs: 1000 + expiredTokensKeptMs }));
  t.equal(later.state.records.length, 1);
  t.equal(refusal(issue('t1'), issue('t1')), 'duplicate');
});
