import t from 'tap';
import { newJournalRecord } from '../../src/core/operation-record.ts';
import { answers, apply, begun, drive, openState, opId, removed } from '../support/operations.ts';

t.test(
  'resolve: finished, running, never applied; unknown ones are never applied from then on',
  async (t) => {
    const driver = begun();
    driver.run(apply({ opId: opId(2) }, 2));
    driver.run(removed('done'));
    const asked = { type: 'resolve', ticket: 9, epoch: 5, opIds: [opId(1), opId(2), opId(3)] } as const;
    const effects = driver.step(asked);
    t.match(effects, [
      { type: 'persist', records: [{ type: 'finished', opId: opId(3), wasApplied: false }] },
    ]);
    const told = driver.run(asked);
    t.match(told, [
      {
        type: 'answer-resolve',
        ticket: 9,
        operations: [
          { opId: opId(1), resolution: 'finished', outcome: { status: 'done' } },
          { opId: opId(2), resolution: 'running', outcome: undefined },
          { opId: opId(3), resolution: 'never-applied' },
        ],
      },
    ]);
    const late = apply({ opId: opId(3) }, 3);
    t.match(answers(driver.run(late)), [{ status: 'refused', code: 'HEC_EXPIRED' }]);
    t.match(
      answers(drive(openState(driver.records)).run(late)),
      [{ status: 'refused' }],
      'also after a restart',
    );
    t.match(driver.run({ ...asked, epoch: 4 }), [{ type: 'answer-failure', code: 'HEC_EPOCH' }]);
  },
);

t.test('resolve without a disk: what could still be applied is not called never applied', async (t) => {
  const driver = drive();
  const [effect] = driver.step({ type: 'resolve', ticket: 1, epoch: 5, opIds: [opId(1)] });
  const lost = effect?.type === 'persist' && effect.lost?.('no space');
  t.match(lost, { operations: [{ resolution: 'finished', outcome: { status: 'unknown' } }] });
});

t.test('a refusal whose answer was lost is told with its true reason', async (t) => {
  const driver = drive(openState([], { highestEpoch: 6 }));
  driver.run(apply({ epoch: 5 }));
  driver.run(apply({ opId: opId(2), epoch: 6, verb: 'poweroff', unit: '' }, 2));
  const asked = { type: 'resolve', ticket: 3, epoch: 6, opIds: [opId(1), opId(2)] } as const;
  const operations = [
    { resolution: 'never-applied', outcome: { status: 'refused', code: 'HEC_EPOCH' } },
    { resolution: 'never-applied', outcome: { status: 'refused', code: 'HEC_POLICY', message: /poweroff/ } },
  ];
  t.match(driver.run(asked), [{ operations }]);
  t.match(
    drive(openState(driver.records)).run({ ...asked }),
    [{ operations }],
    'it was made durable with it',
  );
  for (let n = 1; n <= 2000; n += 1) driver.run(apply({ opId: opId(100 + n), epoch: 5 }, n));
  t.equal(driver.state.refusals.size, 1000, 'no more than so many (I14)');
});

t.test('a new journal: what was asked for before it is unknown, whatever the clocks (I12)', async (t) => {
  const driver = drive(openState([newJournalRecord]));
  const ask = (n: number) => driver.run({ type: 'resolve', ticket: n, epoch: 5, opIds: [opId(n)] });
  const unknown = [{ operations: [{ resolution: 'finished', outcome: { status: 'unknown' } }] }];
  t.match(ask(9_000_000), unknown, 'no manager has said what its clock shows');
  driver.run({ type: 'session', isOpen: true });
  t.match(ask(9_000_000), unknown);
  const session = { type: 'session', isOpen: true, managerWallMs: 1_700_000_005_000 } as const;
  driver.run(session);
  driver.run({ ...session, managerWallMs: 1_700_000_900_000 });
  const never = [{ operations: [{ resolution: 'never-applied' }] }];
  for (const [n, expected] of [
    [4999, unknown],
    [5000, unknown],
    [5001, never],
  ] as const)
    t.match(ask(n), expected, `${n}`);
  const again = drive(openState([newJournalRecord, ...driver.records]));
  const asked = { type: 'resolve', ticket: 1, epoch: 5, opIds: [opId(4000), opId(6000)] } as const;
  t.match(again.run(asked), [
    {
      operations: [
        { resolution: 'finished', outcome: { status: 'unknown' } },
        { resolution: 'never-applied' },
      ],
    },
  ]);
  t.match(
    answers(again.run({ ...apply({ opId: opId(7) }) })),
    [],
    'an unknown one may begin: its expiry decides',
  );
  t.ok(again.state.running.has(opId(7)));
});
