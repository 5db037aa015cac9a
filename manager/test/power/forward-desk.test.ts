import { createForwardTrigger, createWithdrawTrigger } from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import type { RunId, RunRequest } from '../../src/core/runs/run.ts';
import { ForwardDesk, type ForwardDeskPorts } from '../../src/power/forward-desk.ts';
import type { ForwardFile } from '../../src/power/forward-file.ts';
import { RunWatchers } from '../../src/runs/run-watchers.ts';
import { failureOf } from '../support/manager-bench.ts';

const ask = (method: IncomingRequest['method']) => ({ method }) as IncomingRequest;
const forward = (ups: string, sequence = 1) =>
  ask({ case: 'forwardTrigger', value: createForwardTrigger({ ups, instance: 'instance', sequence }) });

function deskBench() {
  let runs = 0;
  const ports = {
    clock: systemClock,
    bootId: 'boot',
    file: { received: () => [], putReceived: async () => undefined } as unknown as ForwardFile,
    runs: {
      request: async () => {
        runs += 1;
        return { runId: `run-${runs}` as RunId, isJoined: false, preempted: [] };
      },
      abort: async () => undefined,
      active: () => [],
      report: () => ({ summary: { state: 'failed' } }),
      watchers: new RunWatchers(),
    },
    makeRequest: () => ({}) as RunRequest,
    isWanted: () => false,
    restore: () => undefined,
    peers: () => ['tethys', 'atlas'],
    revokedPeers: () => [],
    hindrance: () => 'rack-b is on battery',
    site: () => 'titan',
    budgetMs: () => 90_000,
    alert: () => undefined,
    onTrouble: () => undefined,
  } as unknown as ForwardDeskPorts;
  return new ForwardDesk(ports);
}

t.test('what is new is counted, and told apart from what is asked again', async (t) => {
  const desk = deskBench();
  t.teardown(() => desk.close());
  t.match(await desk.answer('tethys', 's1', forward('rack-a')), { isNews: true });
  t.match(await desk.answer('tethys', 's1', forward('rack-a')), { isNews: false });
  t.match(await desk.answer('atlas', 's2', forward('rack-a')), { isNews: true }, 'of another site');
  t.equal(desk.receivers.length, 2);
  t.same(
    [...desk.received],
    [
      ['tethys', 1],
      ['atlas', 1],
    ],
  );
  t.equal(desk.wanting, 'tethys');
  const value = createWithdrawTrigger({ ups: 'rack-a', instance: 'instance', sequence: 1, sentence: 'over' });
  t.match(await desk.answer('tethys', 's1', ask({ case: 'withdrawTrigger', value })), { isNews: true });
  t.equal(desk.wanting, 'atlas');
});

t.test('I14: a peer has only so many UPSes', async (t) => {
  const desk = deskBench();
  t.teardown(() => desk.close());
  for (let ups = 0; ups < 32; ups += 1) await desk.answer('tethys', 's1', forward(`rack-${ups}`));
  t.match(await failureOf(desk.answer('tethys', 's1', forward('one-more'))), { code: 'HEC_BUSY' });
  t.match(await desk.answer('tethys', 's1', forward('rack-0', 2)), { isNews: true }, 'of those it has');
});

t.test('how the power is, as long as the session lasts', async (t) => {
  const desk = deskBench();
  t.teardown(() => desk.close());
  const told = ask({ case: 'tellStanding', value: { hindrance: 'rack-a is on battery' } });
  t.match(await desk.answer('tethys', 's1', told), {
    outcome: { value: { hindrance: 'rack-b is on battery', site: 'titan', budgetMs: 90_000 } },
  });
  t.match(desk.standings(), [
    { peer: 'tethys', heard: { hindrance: 'rack-a is on battery' } },
    { peer: 'atlas', heard: undefined },
  ]);
  desk.gone('tethys', 'an-older-session');
  t.ok(desk.standings()[0]?.heard);
  desk.gone('tethys', 's1');
  t.equal(desk.standings()[0]?.heard, undefined);
});

t.test('a peer that is revoked wants nothing any more', async (t) => {
  const desk = deskBench();
  t.teardown(() => desk.close());
  await desk.answer('tethys', 's1', forward('rack-a'));
  await desk.answer('tethys', 's1', forward('rack-b'));
  await desk.answer('atlas', 's2', forward('rack-a'));
  await desk.revoke('tethys');
  t.equal(desk.wanting, 'atlas');
  await desk.revoke('nobody');
  t.equal(desk.wanting, 'atlas');
});

t.test('nothing else is answered', async (t) => {
  const desk = deskBench();
  t.teardown(() => desk.close());
  t.match(await failureOf(desk.answer('tethys', 's1', ask({ case: 'getHealth', value: {} }))), {
    code: 'HEC_UNSUPPORTED',
  });
});
