import { makeOpId, parseOpId } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { isLost, pauseBeforeSuccessorMs, successorOf } from '../../src/runs/operation-successor.ts';

t.test('ids that follow from the first', async (t) => {
  const first = makeOpId(1_763_744_000_000, new Uint8Array(10).fill(7));
  const chain = [first];
  for (let count = 0; count < 100; count += 1) chain.push(successorOf(chain.at(-1) ?? first));
  t.equal(new Set(chain).size, 101);
  for (const opId of chain) {
    parseOpId(opId);
    if (opId.slice(0, 10) !== first.slice(0, 10)) t.fail('it sorts elsewhere');
  }
  t.equal(successorOf(first), chain[1], 'the same after a restart');
});

t.test('only what was never applied is lost', async (t) => {
  t.ok(isLost({ status: 'refused', code: 'HEC_EXPIRED' }));
  t.ok(isLost({ status: 'refused', code: 'HEC_BUS_GONE' }));
  t.notOk(isLost({ status: 'failed', code: 'HEC_BUS_GONE' }), 'it may have been applied');
  t.ok(isLost({ status: 'failed', code: '', result: 'not-applied' }), 'its agent was killed on the way');
  t.notOk(isLost({ status: 'failed', code: '', result: 'failed' }));
  t.notOk(isLost({ status: 'refused', code: 'HEC_POLICY' }));
  t.notOk(isLost({ status: 'unknown', code: 'HEC_UNKNOWN' }));
  t.notOk(isLost({ status: 'timeout', code: 'HEC_TIMEOUT' }));
});

t.test('an agent without its systemd is asked again at growing intervals', async (t) => {
  const pauses = (code: string) => [0, 1, 2, 3, 4].map((count) => pauseBeforeSuccessorMs({ code }, count));
  t.same(pauses('HEC_BUS_GONE'), [250, 500, 1000, 2000, 4000]);
  t.same(pauses('HEC_EXPIRED'), [0, 0, 0, 0, 0]);
});
