/**
 * A unit that ignores SIGTERM: `stop` says what systemd's stop came to, no better and no worse; and within a shorter
 * time limit it is a timeout, the job goes on, and its true end is recorded.
 */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { activeState } from './support/counted-unit.ts';
import { answerRoomMs, finalOutcome, operate, operation } from './support/operations.ts';

const stubborn = `[Service]
TimeoutStopSec=3s
ExecStart=/bin/sh -c 'trap "" TERM; echo deaf; while :; do sleep 0.2; done'
`;

t.test('a unit that ignores SIGTERM', { skip: await skipUnless('user') }, async (t) => {
  const units = { 'deaf.service': stubborn, 'deafer.service': stubborn, 'mirror.service': stubborn };
  const site = await siteForTest(t, { names: ['server1'], units });
  const node = site.node('server1');

  /** Started, and its trap set. */
  const startDeaf = async (unit: string): Promise<void> => {
    await operate(site, 'start', 'server1', unit);
    await until(
      async () =>
        (await node.run(['journalctl', `--user-unit=${unit}`, '-o', 'cat', '--no-pager'])).stdout.includes(
          'deaf',
        ),
      { what: `${unit} has set its trap` },
    );
  };

  await t.test('stop takes as long as systemd takes, and says how it ended', async (t) => {
    await Promise.all([startDeaf('deaf'), startDeaf('mirror')]);
    const [mirror, answer] = await Promise.all([
      node.systemctl('stop', 'mirror'),
      operate(site, 'stop', 'server1', 'deaf', '--timeout', '30s'),
    ]);
    t.ok(answer.duration_ms >= 2900, `after TimeoutStopSec=3s: ${answer.duration_ms} ms`);
    // systemd: a stop that needed SIGKILL is done, and the unit has failed with the result "timeout".
    t.equal(mirror.exitCode, 0, 'systemctl itself calls such a stop done');
    t.equal(answer.status, 'done', 'the job did what was asked');
    t.equal(answer.exitCode, 0);
    const failed = await site.manager.ctl(['is-failed', 'server1', 'deaf']);
    t.equal(failed.stdout.trim(), 'failed', 'and the unit has failed, as on the node');
    t.equal(await activeState(node, 'deaf'), 'failed');
    const result = await node.systemctl('show', '--value', '-p', 'Result', 'deaf');
    t.equal(result.stdout.trim(), 'timeout');
  });

  await t.test('within a shorter time limit: a timeout, and the job goes on', async (t) => {
    await startDeaf('deafer');
    const told = await operate(site, 'stop', 'server1', 'deafer', '--timeout', '1s');
    t.equal(told.status, 'timeout');
    t.equal(told.exitCode, 124);
    t.ok(
      told.tookMs < 1000 + answerRoomMs,
      `told within its time limit of 1 s: ${told.tookMs.toFixed(0)} ms`,
    );
    t.match(told.message, /goes on|not cancelled/);
    t.equal(await activeState(node, 'deafer'), 'deactivating', 'the job was not cancelled');
    const meanwhile = await operation(site, told.op_id);
    t.equal(meanwhile.outcome?.status, 'timeout', 'no better word yet');
    t.equal(meanwhile.exitCode, 124);
    const final = await finalOutcome(site, told.op_id);
    t.equal(final.status, 'done');
    t.equal(await activeState(node, 'deafer'), 'failed');
    const audited = site.manager.audit().filter((entry) => entry.opId === told.op_id);
    t.strictSame(
      audited.map(({ outcome }) => outcome),
      ['timeout', 'done'],
      'both words are in the audit log',
    );
  });
});
