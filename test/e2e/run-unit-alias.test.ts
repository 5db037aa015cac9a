/** A gate on a unit by another of its names waits for the unit itself: systemd lists each under one name alone. */
import t from 'tap';
import { ended, execute, stateOf } from '../../manager/test/support/runs-bench.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { activeState } from './support/counted-unit.ts';
import { operatorOf, runSite } from './support/run-site.ts';

const slowToStop = `[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sleep 2

[Install]
WantedBy=default.target
Alias=database.service
`;

const gate = (states: readonly string[]) => ({
  gate: {
    sentence: `database.service is ${states.join(' or ')}`,
    unit: { nodes: ['alpha'], units: ['database.service'], states },
    every: '100ms',
  },
  timeout: '10s',
});

const sequences = {
  halt: {
    stages: [
      {
        name: 'only',
        steps: [
          gate(['active']),
          {
            stop: { nodes: ['alpha'], units: ['database.service'], success_by: 'gate' },
            timeout: '10s',
          },
          gate(['inactive']),
        ],
      },
    ],
  },
};

t.test('a unit by another name', { skip: await skipUnless('user'), timeout: 60_000 }, async (t) => {
  const site = await runSite(t, { names: ['alpha'], sequences, units: { 'mariadb.service': slowToStop } });
  await site.node('alpha').systemctl('enable', '--now', 'mariadb.service');
  const operator = await operatorOf(t, site);
  const { run } = await execute(operator, 'halt');
  const report = await ended(operator, run?.summary?.runId ?? '');
  t.equal(stateOf(report), 'done', JSON.stringify(report.degradations));
  t.equal(
    await activeState(site.node('alpha'), 'mariadb.service'),
    'inactive',
    'the gate held on its end (I1)',
  );
});
