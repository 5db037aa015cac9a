import t from 'tap';
import type { OperationEnd, RunState } from '../../src/core/runs/run.ts';
import { beforeCoordinatorOff } from '../../src/power/coordinator-off.ts';
import type { WatchedUps } from '../../src/power/watched-ups.ts';
import { node } from '../support/run-plans.ts';

interface Changes {
  readonly requestedBy?: string;
  readonly kind?: string;
  readonly knownRun?: string;
  readonly isToBeCut?: boolean;
  /** For so many looks the host still has a session. */
  readonly looksOnline?: number;
  readonly node?: string;
  readonly timeLimitMs?: number;
  readonly cut?: () => Promise<void>;
}

/** A fake UPS, and what was done with it. */
async function play(changes: Changes = {}): Promise<{
  readonly cuts: number;
  readonly looks: number;
  readonly takenBack: (end: Partial<OperationEnd>) => readonly string[];
}> {
  const { requestedBy = 'power', kind = 'shutdown', isToBeCut = true, looksOnline = 0 } = changes;
  let cuts = 0;
  let looks = 0;
  const takenBack: string[] = [];
  const cut = async (): Promise<void> => {
    cuts += 1;
    await changes.cut?.();
  };
  const ups = {
    name: 'rack-a',
    isToBeCut,
    loads: {},
    cut,
    takeCutBack: async (why: string) => void takenBack.push(why),
    runner: { run: { triggerId: 't', runId: changes.knownRun ?? 'other' } },
  } as unknown as WatchedUps;
  const request = { runId: 'R1', requestedBy, plan: { kind, coordinator: 'pi' } };
  const ports = {
    logger: { info: () => undefined } as never,
    upses: () => [ups],
    nodesOn: () => [node('pi'), node('web')],
    isOnline: (name: string) => {
      if (name !== 'web') return true;
      looks += 1;
      return looks <= looksOnline;
    },
  };
  const { timeLimitMs = 60_000 } = changes;
  const hear = await beforeCoordinatorOff(
    ports,
    { request } as unknown as RunState,
    node(changes.node ?? 'pi'),
    timeLimitMs,
  );
  return {
    cuts,
    looks,
    takenBack: (end) => {
      hear?.({ status: 'done', result: '', code: '', message: '', durationMs: 0, ...end });
      return takenBack.splice(0);
    },
  };
}

t.test('before the coordinator goes off, and before nobody else', async (t) => {
  t.equal((await play()).cuts, 1);
  t.equal((await play({ node: 'web' })).cuts, 0);
  t.equal((await play({ kind: 'sequence' })).cuts, 0);
});

t.test('in a shutdown that a UPS asks for, or has joined', async (t) => {
  t.equal((await play({ requestedBy: 'alice' })).cuts, 0);
  t.equal((await play({ requestedBy: 'alice', knownRun: 'R1' })).cuts, 1);
  t.equal((await play({ isToBeCut: false })).cuts, 0, 'one that has not given out');
});

t.test('a host that still has a session is waited for; the coordinator itself is not', async (t) => {
  const { cuts, looks } = await play({ looksOnline: 3 });
  t.equal(cuts, 1);
  t.ok(looks > 3);
});

t.test('not longer than half of the step: the power-off is sent in any case', async (t) => {
  const { cuts } = await play({ looksOnline: Number.POSITIVE_INFINITY, timeLimitMs: 1000 });
  t.equal(cuts, 1, 'there is no time to wait for it');
  const never = () => new Promise<void>(() => undefined);
  // The event loop would end before it: somebody else is always there in a manager.
  const busy = setInterval(() => undefined, 1000);
  t.equal(
    (await play({ cut: never, timeLimitMs: 200 })).cuts,
    1,
    'a UPS that does not answer holds nothing up',
  );
  clearInterval(busy);
});

t.test('a power-off that is refused: what was ordered is taken back', async (t) => {
  const { takenBack } = await play();
  const refused = { status: 'refused', code: 'HEC_POLICY', message: 'the policy refuses poweroff' } as const;
  t.same(takenBack(refused), ['the coordinator stays up: the policy refuses poweroff']);
  for (const status of ['failed', 'offline'] as const) t.equal(takenBack({ status }).length, 1, status);
  t.equal(takenBack({ status: 'timeout', code: 'HEC_EXPIRED' }).length, 1, 'it was not sent');
  for (const status of ['done', 'unknown', 'timeout'] as const)
    t.same(takenBack({ status }), [], `${status}: it may go off`);
  const spared = await play({ isToBeCut: false });
  t.same(spared.takenBack({ status: 'refused' }), []);
});
