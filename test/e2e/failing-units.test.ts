/** Units that do not start, or are not there: each told in systemd's own words, with its own exit status. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { operate, operateOne } from './support/ctl.ts';

const skip = await skipUnless('user');
t.setTimeout(120_000);

const shell = (script: string, more = '', unit = ''): string =>
  `[Unit]\nDescription=A unit of the test\n${unit}\n[Service]\n${more}\nExecStart=/bin/sh -c '${script}'\n`;

// A writer that is gone at once has no unit to journald of a user manager: it looks at the control group.
const units = {
  'sound.service': shell('exec sleep 1000'),
  'broken.service': shell('echo cannot open the disk >&2; sleep 0.3; exit 3', 'Type=oneshot'),
  'killed.service': shell('kill -KILL $$$$', 'Type=oneshot'),
  'no-program.service': '[Service]\nType=oneshot\nExecStart=/no/such/program\n',
  'never-ready.service': shell('exec sleep 1000', 'Type=notify\nTimeoutStartSec=1s'),
  'slow.service': shell('sleep 3', 'Type=oneshot\nRemainAfterExit=yes'),
  'needs-broken.service': shell('exec sleep 1000', '', 'Requires=broken.service\nAfter=broken.service'),
  'needs-missing.service': shell('exec sleep 1000', '', 'Requires=is-not-there.service'),
  'unmet.service': shell('exec sleep 1000', '', 'ConditionPathExists=/no/such/path'),
  'unasserted.service': shell('exec sleep 1000', '', 'AssertPathExists=/no/such/path'),
  'no-reload.service': shell('exec sleep 1000'),
  'bad-line.service': '[Service]\nType=oneshot\nExecStart=no slash at all "\n',
  'denied.service': shell('exec sleep 1000'),
  'by-others-only.service': shell('exec sleep 1000', '', 'RefuseManualStart=yes'),
  'often.service': shell('exit 1', 'Type=oneshot', 'StartLimitIntervalSec=60\nStartLimitBurst=2'),
};

t.test('units that do not start', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, {
    names: ['alpha', 'beta'],
    units,
    agent: { policy: '[Policy]\nAllow=* *\nDeny=start,stop denied.service\nDeny=* off-limits-*\n' },
  });
  const { manager } = site;
  const alpha = site.node('alpha');
  const start = (unit: string, ...more: string[]) => operateOne(manager, 'start', ...more, 'alpha', unit);
  const activeState = async (unit: string): Promise<string> =>
    (await alpha.systemctl('show', unit, '-p', 'ActiveState', '--value')).stdout.trim();

  t.test('an exit status', async (t) => {
    const { exitCode, outcome } = await start('broken');
    t.equal(exitCode, 1);
    t.match(outcome, { status: 'failed', result: 'failed', code: 'HEC_UNIT_FAILED' });
    t.match(outcome.evidence, {
      active_state: 'failed',
      result: 'exit-code',
      exec_main_code: 1,
      exec_main_status: 3,
    });
    t.ok(
      outcome.log_lines.some((line) => line.includes('cannot open the disk')),
      'what it wrote last',
    );
    t.ok(outcome.log_lines.length <= 10);
    const { stdout, stderr } = await manager.ctl(['start', 'alpha', 'broken']);
    t.match(stdout, /alpha +broken\.service +failed: exit-code \(exit status 3\)/);
    t.match(stderr, /\| cannot open the disk/);
    t.match(stderr, /next: .*hecatectl/);
    t.equal(await activeState('broken'), 'failed');
  });

  t.test('a signal', async (t) => {
    const { exitCode, outcome } = await start('killed');
    t.equal(exitCode, 1);
    t.match(outcome.evidence, { result: 'signal', exec_main_code: 2, exec_main_status: 9 });
    t.match(
      (await manager.ctl(['start', 'alpha', 'killed'])).stdout,
      /failed: signal \(killed by signal 9\)/,
    );
  });

  t.test('a program that is not there', async (t) => {
    const { exitCode, outcome } = await start('no-program');
    t.equal(exitCode, 1);
    t.match(outcome.evidence, { result: 'exit-code', exec_main_status: 203 });
    t.ok(outcome.log_lines.some((line) => line.includes('/no/such/program')));
  });

  t.test('a start that systemd gives up', async (t) => {
    const { exitCode, outcome } = await start('never-ready');
    t.equal(exitCode, 1, 'systemd ended it: a failure, and no time limit of ours');
    t.match(outcome, { status: 'failed', evidence: { result: 'timeout' } });
  });

  t.test('a start that is not finished within --timeout goes on, and its end is told later', async (t) => {
    const { exitCode, outcome } = await start('slow', '--timeout', '1s');
    t.equal(exitCode, 124);
    t.match(outcome, { status: 'timeout', code: 'HEC_TIMEOUT' });
    t.match(outcome.message, /goes on/);
    t.equal(await activeState('slow'), 'activating', 'the job was not cancelled');
    const opId = outcome.op_id ?? '';
    t.match(outcome.remedy, `hecatectl operation ${opId}`);
    const known = await until(
      async () => {
        const { stdout } = await manager.ctl(['operation', opId, '-o', 'json']);
        const document = JSON.parse(stdout) as { outcome: { status: string; result: string } | null };
        return document.outcome?.status === 'done' ? document : undefined;
      },
      { what: 'the true outcome is known' },
    );
    t.match(known, { node: 'alpha', unit: 'slow.service', outcome: { status: 'done', result: 'done' } });
    t.equal(await activeState('slow'), 'active');
  });

  t.test('a dependency that fails, and one that is not there', async (t) => {
    const failed = await start('needs-broken');
    t.equal(failed.exitCode, 1);
    t.match(failed.outcome, { status: 'failed', result: 'dependency' });
    t.equal(await activeState('needs-broken'), 'inactive');
    const missing = await start('needs-missing');
    t.equal(missing.exitCode, 4, missing.stderr);
    t.match(missing.outcome.message, /is-not-there\.service/);
  });

  t.test('conditions that are not met are no failure, assertions are', async (t) => {
    const unmet = await start('unmet');
    t.equal(unmet.exitCode, 0, 'as with systemctl');
    t.equal(await activeState('unmet'), 'inactive');
    const unasserted = await start('unasserted');
    t.equal(unasserted.exitCode, 1);
    t.match(unasserted.outcome, { status: 'failed', result: 'assert' });
  });

  t.test('no such unit', async (t) => {
    const { exitCode, outcome } = await start('is-not-there');
    t.equal(exitCode, 4);
    t.match(outcome, { status: 'failed', code: 'HEC_NO_SUCH_UNIT', result: null });
    t.match(outcome.message, /is-not-there\.service/);
  });

  t.test('a masked unit', async (t) => {
    // Where packages put theirs: a link in the folder of administrators has precedence.
    await alpha.writeFile(`${alpha.home}/.local/share/systemd/user/packaged.service`, units['sound.service']);
    await alpha.systemctl('daemon-reload');
    t.equal((await operate(manager, 'mask', 'alpha', 'packaged')).exitCode, 0);
    const { exitCode, outcome } = await start('packaged');
    t.equal(exitCode, 1);
    t.match(outcome.message, /masked/);
    t.equal((await operate(manager, 'unmask', 'alpha', 'packaged')).exitCode, 0);
    t.equal((await start('packaged')).exitCode, 0);
    const inTheWay = await operateOne(manager, 'mask', 'alpha', 'sound');
    t.equal(inTheWay.exitCode, 1, 'systemd does not replace a file of an administrator');
    t.match(inTheWay.outcome.message, /exists/);
  });

  t.test(
    'a unit that systemd cannot load, one that people may not start, one that cannot reload',
    async (t) => {
      const bad = await start('bad-line');
      t.equal(bad.exitCode, 1);
      t.match(bad.outcome.message, /bad-line|bad unit file/);
      const refused = await start('by-others-only');
      t.equal(refused.exitCode, 1);
      t.match(refused.outcome.message, /may be requested by dependency only|configured to refuse/);
      await start('no-reload');
      const reload = await operateOne(manager, 'reload', 'alpha', 'no-reload');
      t.equal(reload.exitCode, 1);
      t.match(reload.outcome.message, /[Rr]eload/);
    },
  );

  t.test('a start limit', async (t) => {
    await start('often');
    await start('often');
    const third = await start('often');
    t.equal(third.exitCode, 1);
    t.ok(third.outcome.log_lines.some((line) => line.includes('repeated too quickly')));
    t.equal((await operate(manager, 'reset-failed', 'alpha', 'often')).exitCode, 0);
    t.equal(await activeState('often'), 'inactive');
  });

  t.test("what the node's own policy refuses is not applied", async (t) => {
    const { exitCode, outcome } = await start('denied');
    t.equal(exitCode, 77);
    t.match(outcome, { status: 'refused', code: 'HEC_POLICY' });
    t.match(outcome.message, /Deny=start,stop denied\.service/);
    t.match(outcome.remedy, /agent-policy\.conf/);
    t.equal(await activeState('denied'), 'inactive');
    const restart = await operateOne(manager, 'restart', 'alpha', 'denied');
    t.equal(restart.exitCode, 0, 'the policy names verbs');
    const audited = manager.audit().find(({ unit, what }) => unit === 'denied.service' && what === 'start');
    t.match(audited, { outcome: 'refused', code: 'HEC_POLICY', node: 'alpha' });
  });

  t.test('many units: each its own answer, and the worst counts', async (t) => {
    await operate(manager, 'stop', '--all', 'sound');
    const { exitCode, outcomes } = await operate(manager, 'start', 'alpha,beta', 'sound,denied', 'broken');
    const told = outcomes.map(({ node, unit, status }) => `${node} ${unit} ${status}`).sort();
    t.strictSame(told, [
      'alpha broken.service failed',
      'alpha denied.service refused',
      'alpha sound.service done',
      'beta broken.service failed',
      'beta denied.service refused',
      'beta sound.service done',
    ]);
    t.equal(exitCode, 1, 'failed is worse than refused');
    t.equal((await operate(manager, 'start', '--all', 'sound', 'denied')).exitCode, 77);
    t.equal((await operate(manager, 'start', '--all', 'sound')).exitCode, 0);
  });
});
