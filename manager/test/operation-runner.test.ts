import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t, { type Test } from 'tap';
import { until } from '../../test/nodes/until.ts';
import { offline } from '../src/core/outcome-text.ts';
import { OperationHistory } from '../src/operation-history.ts';
import { OperationJournal } from '../src/operation-journal.ts';
import { OperationRunner } from '../src/operation-runner.ts';
import { nodeA, opIdOf, outcomeOf, requestOf } from './support/operations-fixtures.ts';

interface Bench {
  readonly runner: OperationRunner;
  readonly journal: OperationJournal;
  readonly path: string;
  readonly outcomes: { opId: string; status: string; isLate: boolean }[];
  readonly troubles: (HecateError | undefined)[];
}

/** A runner with a real journal; unless a session is given, no node is online. */
async function bench(t: Test, session?: Session): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-runner-'));
  const path = join(folder, 'operations.records');
  const { journal, open } = await OperationJournal.open(path);
  const outcomes: Bench['outcomes'] = [];
  const troubles: Bench['troubles'] = [];
  const runner = new OperationRunner(
    {
      clock: systemClock,
      journal,
      history: new OperationHistory(),
      epoch: 1,
      sessionOf: (_: NodeName) => session,
      onOutcome: ({ opId }, { status }, isLate) => outcomes.push({ opId, status, isLate }),
      onJournal: (trouble) => troubles.push(trouble),
    },
    open,
  );
  t.teardown(async () => {
    runner.close();
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { runner, journal, path, outcomes, troubles };
}

const timersLeft = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

t.test('a node that is offline: answered at once, nothing is written', async (t) => {
  const { runner, path, outcomes } = await bench(t);
  const outcome = await runner.submit(requestOf(), { refusal: offline('node-a', 'cable') });
  t.match(outcome, { opId: opIdOf(1), status: 'offline' });
  t.same(outcomes, [{ opId: opIdOf(1), status: 'offline', isLate: false }]);
  t.equal(readFileSync(path, 'utf8'), '');
  t.match(runner.known(opIdOf(1)), { node: 'node-a', outcome: { status: 'offline' } });
  t.equal(runner.openCount(), 0);
});

const silentSession = {
  peerClockAtLeastMs: () => 1,
  isEstablished: () => true,
  call: () => new Promise(() => undefined),
} as unknown as Session;

t.test('it knows the latest time of its operations, over a restart those of the open ones', async (t) => {
  const { runner, path } = await bench(t, silentSession);
  t.equal(runner.latestOperationMs, 0);
  for (const n of [5000, 7]) void runner.submit(requestOf(n), { refusal: undefined });
  t.equal(runner.latestOperationMs, 1_700_000_005_000, 'not that of the newest, whose clock was set back');
  await until(() => readFileSync(path, 'utf8').includes(opIdOf(7)), { what: 'they are recorded' });
  const { journal, open } = await OperationJournal.open(path);
  t.teardown(() => journal.close());
  const ports = { clock: systemClock, journal, history: new OperationHistory(), epoch: 2 };
  const idle = { sessionOf: () => undefined, onOutcome: () => undefined, onJournal: () => undefined };
  const next = new OperationRunner({ ...ports, ...idle }, open);
  t.teardown(() => next.close());
  t.equal(next.latestOperationMs, 1_700_000_005_000);
});

t.test('a node that goes while the operation is being written', async (t) => {
  const { runner, path } = await bench(t);
  const outcome = await runner.submit(requestOf(), { refusal: undefined });
  t.match(outcome, { status: 'offline', code: 'HEC_OFFLINE', message: /went offline before it was sent/ });
  t.match(readFileSync(path, 'utf8'), opIdOf(1), 'recorded before anybody looked for its session (I9)');
});

t.test('hundreds of them at once that cannot be sent', async (t) => {
  const { runner } = await bench(t);
  const outcomes = await Promise.all(
    Array.from({ length: 2000 }, (_, i) => runner.submit(requestOf(i + 1), { refusal: undefined })),
  );
  t.ok(outcomes.every(({ status }) => status === 'offline'));
  t.equal(runner.openCount(), 0);
});

/** A session that ends with this code while something is in flight. */
const fakeEndingSession = (code: 'HEC_BUSY' | 'HEC_UNSUPPORTED'): Session =>
  ({
    peerClockAtLeastMs: () => 1_000_000,
    isEstablished: () => false,
    call: () => Promise.reject(new HecateError(code, 'the session ended')),
  }) as unknown as Session;

t.test(
  'how a session ended says nothing about what was in flight: it is unknown, and stays open',
  async (t) => {
    for (const code of ['HEC_BUSY', 'HEC_UNSUPPORTED'] as const) {
      const { runner } = await bench(t, fakeEndingSession(code));
      const outcome = await runner.submit(requestOf(1, { timeLimitMs: 200 }), { refusal: undefined });
      t.match(outcome, { status: 'unknown' }, code);
      t.equal(runner.openCount(), 1);
    }
  },
);

t.test('given up before it is on the disk: told so, and never sent', async (t) => {
  const { runner } = await bench(t, fakeEndingSession('HEC_BUSY'));
  const caller = new AbortController();
  const outcome = runner.submit(requestOf(), { refusal: undefined, signal: caller.signal });
  caller.abort();
  t.match(await outcome, { status: 'refused', code: 'HEC_CANCELLED' });
  t.equal(runner.openCount(), 0);
});

t.test('no timer is left when nobody waits (I14)', async (t) => {
  const { runner } = await bench(t);
  const before = timersLeft();
  const asked = runner.submit(requestOf(1, { timeLimitMs: 80_000_000 }), { refusal: undefined });
  t.equal(timersLeft(), before + 1);
  await asked;
  t.equal(timersLeft(), before);
});

t.test('a journal that cannot be written refuses, and is told of', async (t) => {
  const { runner, journal, troubles } = await bench(t);
  await journal.close();
  const outcome = await runner.submit(requestOf(), { refusal: undefined });
  t.match(outcome, {
    status: 'refused',
    code: 'HEC_STATE',
    message: /could not be recorded, so it was not sent/,
  });
  t.match(troubles[0], { code: 'HEC_STATE' });
  t.equal(runner.openCount(), 0);
});

t.test('what has been decided is sent without its record, and the trouble is told', async (t) => {
  const sent: string[] = [];
  const session = {
    peerClockAtLeastMs: () => 1000,
    isEstablished: () => true,
    call: async (method: { value: { opId: string } }) => {
      sent.push(method.value.opId);
      return { case: 'operation', value: outcomeOf('done', opIdOf(1)) };
    },
  } as unknown as Session;
  const { runner, journal, troubles } = await bench(t, session);
  await journal.close();
  const outcome = await runner.submit(requestOf(), { refusal: undefined, isSentUnrecorded: true });
  t.equal(outcome.status, 'done');
  t.same(sent, [opIdOf(1)]);
  t.match(troubles[0], { code: 'HEC_STATE' });
});

t.test('what an agent reports is durable when it is thanked', async (t) => {
  const { journal, path } = await bench(t);
  await journal.record(requestOf(1));
  await journal.record(requestOf(2));
  const outcomes: OperationOutcome[] = [];
  const runner = new OperationRunner(
    {
      clock: systemClock,
      journal,
      history: new OperationHistory(),
      epoch: 2,
      sessionOf: () => undefined,
      onOutcome: (_, outcome) => outcomes.push(outcome),
      onJournal: () => undefined,
    },
    [requestOf(1), requestOf(2)],
  );
  await runner.reported(nodeA, [outcomeOf('done', opIdOf(1)), outcomeOf('done', opIdOf(77))]);
  t.match(readFileSync(path, 'utf8'), '"type":"outcome"');
  t.same(
    outcomes.map(({ opId }) => opId),
    [opIdOf(1)],
    'what nobody asked for is not heard',
  );
  t.equal(runner.openCount(), 1);
  await runner.reported(nodeA, [outcomeOf('done', opIdOf(1))]);
  t.equal(outcomes.length, 1, 'a second report of it changes nothing');

  await journal.close();
  const lost = runner.reported(nodeA, [outcomeOf('failed', opIdOf(2))]);
  await t.rejects(lost, { code: 'HEC_STATE' }, 'an agent is not thanked for what is not on the disk');
  await t.rejects(
    runner.reported(nodeA, [outcomeOf('failed', opIdOf(2))]),
    { code: 'HEC_STATE' },
    'nor the next time',
  );
  runner.close();
});
