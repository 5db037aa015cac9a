import { parseNodeName } from '@hecate/proto/core/names.ts';
import fc from 'fast-check';
import t from 'tap';
import type { Condition, Leaf, Observation, Observations } from '../../../src/core/plan/gate.ts';
import {
  conditionSentence,
  gateSentences,
  judge,
  leafKey,
  leafSentence,
  leavesOf,
} from '../../../src/core/plan/gate-verdict.ts';
import { plainStep } from './support/arbitrary-plans.ts';

fc.configureGlobal({ seed: 1, numRuns: 500 });

const tcp = (port: number): Leaf => ({ type: 'tcp', host: 'h', port });
type Verdict = Observation['verdict'];
const seen = (...verdicts: Verdict[]): Observations =>
  Object.fromEntries(
    verdicts.map((verdict, port) => [leafKey(tcp(port)), { verdict, detail: `${port} ${verdict}` }]),
  );
const three = [tcp(0), tcp(1), tcp(2)];

t.test('a leaf is what was seen; what was not looked at is unknown (I12)', async (t) => {
  t.same(judge(tcp(0), seen('holds')), { verdict: 'holds', details: [] });
  t.same(judge(tcp(0), seen('fails')), { verdict: 'fails', details: ['0 fails'] });
  t.same(judge(tcp(0), {}), {
    verdict: 'unknown',
    details: ['h port 0 accepts connections: not looked at yet'],
  });
});

t.test("Kleene's table", async (t) => {
  const table: [Verdict, Verdict, all: Verdict, any: Verdict][] = [
    ['holds', 'holds', 'holds', 'holds'],
    ['holds', 'unknown', 'unknown', 'holds'],
    ['holds', 'fails', 'fails', 'holds'],
    ['unknown', 'unknown', 'unknown', 'unknown'],
    ['unknown', 'fails', 'fails', 'unknown'],
    ['fails', 'fails', 'fails', 'fails'],
  ];
  for (const [a, b, all, any] of table) {
    for (const pair of [seen(a, b), seen(b, a)]) {
      const of = [tcp(0), tcp(1)];
      t.equal(judge({ type: 'all', of }, pair).verdict, all, `${a} and ${b}`);
      t.equal(judge({ type: 'any', of }, pair).verdict, any, `${a} or ${b}`);
    }
  }
});

t.test('at least', async (t) => {
  const two: Condition = { type: 'at-least', count: 2, of: three };
  t.equal(judge(two, seen('holds', 'fails', 'holds')).verdict, 'holds');
  t.equal(judge(two, seen('holds', 'fails', 'unknown')).verdict, 'unknown');
  t.equal(judge(two, seen('holds', 'fails', 'fails')).verdict, 'fails');
  t.equal(judge({ type: 'all', of: [] }, {}).verdict, 'holds');
  t.equal(judge({ type: 'any', of: [] }, {}).verdict, 'fails');
});

t.test('details tell what stands in the way, and only that', async (t) => {
  const condition: Condition = { type: 'all', of: [{ type: 'any', of: [tcp(0), tcp(1)] }, tcp(2), tcp(2)] };
  t.same(judge(condition, seen('fails', 'holds', 'fails')).details, ['2 fails']);
  t.same(judge(condition, seen('fails', 'unknown', 'holds')).details, ['0 fails', '1 unknown']);
});

const anyCondition = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    fc.nat(4).map(tcp),
    fc.record({
      type: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(tie('condition'), { maxLength: 4 }),
    }),
    fc.record({
      type: fc.constant('at-least' as const),
      count: fc.nat(4),
      of: fc.array(tie('condition'), { maxLength: 4 }),
    }),
  ),
})).condition;

const verdicts = fc.array(fc.constantFrom<Verdict>('holds', 'fails', 'unknown'), {
  minLength: 5,
  maxLength: 5,
});

t.test('a verdict is never taken back when unknowns become known', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        anyCondition,
        verdicts,
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        (condition, before, coins) => {
          const after = before.map((verdict, index) =>
            verdict === 'unknown' ? (coins[index] ? 'holds' : 'fails') : verdict,
          );
          const [first, last] = [judge(condition, seen(...before)), judge(condition, seen(...after))];
          const isKept = first.verdict === 'unknown' || first.verdict === last.verdict;
          return isKept && last.verdict !== 'unknown';
        },
      ),
    ),
  );
});

t.test('leaves, each once, in order; keys tell leaves apart, not the order of their fields', async (t) => {
  const condition: Condition = { type: 'all', of: [tcp(2), { type: 'any', of: [tcp(0), tcp(2)] }] };
  t.same(leavesOf(condition), [tcp(2), tcp(0)]);
  t.equal(leafKey({ port: 1, host: 'h', type: 'tcp' }), leafKey(tcp(1)));
  t.not(leafKey(tcp(1)), leafKey(tcp(2)));
});

t.test('sentences', async (t) => {
  const node = parseNodeName('a');
  t.equal(
    leafSentence({ type: 'unit', node, unit: 'x.service', states: ['active', 'reloading'] }),
    'a: x.service is active or reloading',
  );
  t.equal(
    leafSentence({ type: 'node', node, state: 'powered-off', address: undefined, probePort: 22 }),
    'a is powered off',
  );
  t.equal(
    leafSentence({
      type: 'http',
      url: 'http://h/',
      status: 200,
      bodyContains: 'ok',
      isCertificateIgnored: false,
    }),
    'http://h/ answers 200 with "ok"',
  );
  t.equal(
    leafSentence({ type: 'exec', node, argv: ['test', '-e', '/x'], exitStatus: 0 }),
    'a: test … ends with 0',
  );
  t.equal(
    conditionSentence({ type: 'at-least', count: 1, of: [tcp(0), { type: 'any', of: [tcp(1)] }] }),
    'at least 1 of (h port 0 accepts connections, any of (h port 1 accepts connections))',
  );
  const gate = { sentence: 'it is up', condition: tcp(0), intervalMs: 1, consecutive: 1 };
  t.same(
    gateSentences(
      plainStep({
        methods: [
          { type: 'gate', gate },
          { type: 'wait', durationMs: 1 },
        ],
      }),
    ),
    ['it is up'],
  );
});
