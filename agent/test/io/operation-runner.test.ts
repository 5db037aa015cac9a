/** Operations on a real systemd: every verb, crashes of the agent and of the bus in the middle of them. */
import { join } from 'node:path';
import type { Item } from '@hecate/proto/core/frames.ts';
import { jobModes } from '@hecate/proto/core/job-modes.ts';
import { createVerbOptions, type Operation } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { openSystemd } from '../../src/io/systemd.ts';
import { opId } from '../support/operations.ts';
import { Asker, order } from './support/asker.ts';
import { busOptions, skip, systemdOf, userNode } from './support/node-bus.ts';

const install = '[Install]\nWantedBy=default.target\n';
const units = {
  'web.service': `[Service]\nExecStart=sleep 1000\nExecReload=true\n${install}`,
  'bad.service': '[Service]\nType=oneshot\nExecStart=sh -c "exit 3"\n',
  'slow.service': '[Service]\nType=oneshot\nExecStart=sleep 3\n',
  'slower.service': '[Service]\nType=oneshot\nExecStart=sleep 1000\n',
  'aliased.service': '[Service]\nExecStart=sleep 1000\n[Install]\nAlias=nickname.service\n',
  'counted.service': '[Service]\nType=oneshot\nExecStart=sh -c "echo once >>$HOME/counted; sleep 2"\n',
};

t.test('operations', { skip, timeout: 240_000 }, async (t) => {
  const node = await userNode(t, units);
  const systemd = await systemdOf(t, node);
  const shown = async (unit: string, property: string): Promise<string> =>
    (await node.systemctl('show', unit, '-p', property, '--value')).stdout.trim();

  await t.test('every verb does what it says', async (t) => {
    const asker = await Asker.open(t.testdir(), systemd);
    const verb = async (name: Operation['verb'], fields: Partial<Operation> = {}) => {
      const outcome = await asker.apply(order({ verb: name, ...fields }));
      t.match(outcome, { status: 'done' }, `${name}: ${outcome.message}`);
      return outcome;
    };
    const items: Item[] = [];
    t.match(await asker.apply(order(), items), { status: 'done', result: 'done' });
    t.match(items, [{ case: 'accepted' }]);
    t.equal(await shown('web.service', 'ActiveState'), 'active');
    const pid = await shown('web.service', 'MainPID');
    await verb('reload');
    t.equal(await shown('web.service', 'MainPID'), pid);
    await verb('restart');
    t.not(await shown('web.service', 'MainPID'), pid);
    await verb('try-restart');
    await verb('reload-or-restart');
    await verb('freeze');
    t.equal(await shown('web.service', 'FreezerState'), 'frozen');
    await verb('thaw');
    await verb('kill', { options: createVerbOptions({ killWho: 'main', signal: 9 }) });
    await until(async () => (await shown('web.service', 'ActiveState')) === 'failed', {
      what: 'it is killed',
    });
    await verb('reset-failed');
    t.equal(await shown('web.service', 'ActiveState'), 'inactive');
    t.match((await verb('enable')).changes, [{ change: 'symlink' }]);
    t.equal(await shown('web.service', 'UnitFileState'), 'enabled');
    await verb('disable');
    t.equal(await shown('web.service', 'UnitFileState'), 'disabled');
    await verb('mask', { unit: 'masked.service' });
    t.equal(await shown('masked.service', 'LoadState'), 'masked');
    await verb('unmask', { unit: 'masked.service' });
    await verb('daemon-reload', { unit: '' });
    await verb('start');
    await verb('stop');
    t.equal(await shown('web.service', 'ActiveState'), 'inactive');
    await asker.apply(order({ unit: 'bad.service' }));
    await verb('reset-failed', { unit: '' });
    t.equal(await shown('bad.service', 'ActiveState'), 'inactive', 'without a unit: all of them');
    await verb('set-default', { unit: 'basic.target' });
    t.equal((await node.systemctl('get-default')).stdout.trim(), 'basic.target');
    await asker.runner.close();
  });

  await t.test('the policy judges a unit by all its names', async (t) => {
    await node.systemctl('enable', 'aliased.service');
    const withPolicy = (...lines: string[]) =>
      Asker.open(t.testdir(), systemd, 'boot-1', parsePolicy(['[Policy]', ...lines].join('\n'), 'p.conf'));
    const refused = { status: 'refused', code: 'HEC_POLICY' };
    for (const denied of ['aliased.service', 'nickname.service']) {
      const asker = await withPolicy(`Deny=stop ${denied}`);
      for (const unit of ['aliased.service', 'nickname.service']) {
        t.match(await asker.apply(order({ verb: 'start', unit })), { status: 'done' }, 'another verb');
        t.match(await asker.apply(order({ verb: 'stop', unit })), refused, `${denied}: stop ${unit}`);
      }
      t.equal(await shown('aliased.service', 'ActiveState'), 'active');
      t.match(await asker.apply(order({ verb: 'stop' })), { status: 'done' }, 'another unit');
      await asker.runner.close();
    }
    const asker = await withPolicy('Allow=stop aliased.service', 'Allow=enable x@.service');
    t.match(await asker.apply(order({ verb: 'start', unit: 'aliased.service' })), refused);
    t.match(await asker.apply(order({ verb: 'stop', unit: 'nickname.service' })), { status: 'done' });
    const template = order({ verb: 'enable', unit: 'x@.service' });
    t.match(await asker.apply(template), { code: 'HEC_NO_SUCH_UNIT' }, 'of a template the typed name counts');
    await asker.runner.close();
  });

  await t.test(
    'the job modes are systemd’s own, and the default policy keeps back those that reach further',
    async (t) => {
      const answerTo = (mode: string): Promise<string> =>
        systemd.startJob('start', 'web.service', mode).then(() => 'taken', String);
      t.match(await answerTo('nonsense'), /Job mode nonsense invalid/);
      // Newer than the systemd 252 of Debian 12.
      const newer = ['lenient', 'restart-dependencies'];
      for (const mode of jobModes.filter((each) => !newer.includes(each)))
        t.notMatch(await answerTo(mode), /Job mode .* invalid/, mode);
      const asker = await Asker.open(t.testdir(), systemd);
      const start = (jobMode: string) => asker.apply(order({ options: createVerbOptions({ jobMode }) }));
      for (const mode of ['replace', 'fail']) t.match(await start(mode), { status: 'done' }, mode);
      for (const mode of ['isolate', 'flush', 'ignore-dependencies'])
        t.match(await start(mode), { status: 'refused', code: 'HEC_POLICY' }, mode);
      const poweroff = order({ unit: 'poweroff.target' });
      t.match(await asker.apply(poweroff), { status: 'refused', code: 'HEC_POLICY' });
      await asker.runner.close();
    },
  );

  await t.test('failures carry systemd’s own words, evidence and log lines', async (t) => {
    const asker = await Asker.open(t.testdir(), systemd);
    t.match(await asker.apply(order({ unit: 'bad.service', logLines: 5 })), {
      status: 'failed',
      result: 'failed',
      evidence: { activeState: 'failed', result: 'exit-code', execMainStatus: 3, execMainCode: 1 },
      logLines: ['the last line'],
      remedy: /hecatectl status alpha bad\.service/,
    });
    t.match(await asker.apply(order({ unit: 'none.service' })), {
      status: 'failed',
      code: 'HEC_NO_SUCH_UNIT',
    });
    t.match(await asker.apply(order({ verb: 'reload', unit: 'slow.service' })), { status: 'failed' });
    await asker.runner.close();
  });

  await t.test('an already active unit, 200 times: its JobRemoved comes before the reply', async (t) => {
    const asker = await Asker.open(t.testdir(), systemd);
    await asker.apply(order());
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => asker.apply(order())));
    t.ok(outcomes.every(({ status, inferred }) => status === 'done' && !inferred));
    t.equal(asker.runner.runningCount, 0);
    await asker.runner.close();
  });

  await t.test('a time limit does not cancel, and the true end is reported', async (t) => {
    const asker = await Asker.open(t.testdir(), systemd);
    const asked = order({ unit: 'slow.service', timeLimitMs: 300 });
    t.match(await asker.apply(asked), { status: 'timeout', code: 'HEC_TIMEOUT' });
    t.equal(await shown('slow.service', 'ActiveState'), 'activating');
    await until(() => asker.reports.length > 0, { what: 'the end is reported' });
    t.match(asker.reports, [{ opId: asked.opId, status: 'done' }]);
    t.match(await asker.apply(asked), { status: 'done', replayed: true });
    await asker.runner.close();
  });

  await t.test('the agent is gone while a job runs: applied once, and its end is told', async (t) => {
    const folder = t.testdir();
    const first = await Asker.open(folder, systemd);
    const asked = order({ unit: 'counted.service' });
    const items: Item[] = [];
    const lost = first.apply(asked, items);
    lost.catch(() => undefined);
    await until(() => items.length > 0, { what: 'systemd took the job' });
    await first.runner.close();
    const second = await Asker.open(folder, systemd);
    t.match(await second.resolve(asked.opId), [{ resolution: 'running' }]);
    t.match(await second.apply(asked), { status: 'done' });
    t.equal(await node.readFile(join(node.home, 'counted')), 'once\n');
    t.match(await second.resolve(asked.opId, opId(0)), [
      { resolution: 'finished', outcome: { status: 'done' } },
      { resolution: 'never-applied' },
    ]);
    await second.runner.close();
  });

  await t.test('the agent is gone until the job is over: the unit’s state tells', async (t) => {
    const folder = t.testdir();
    const first = await Asker.open(folder, systemd);
    const asked = [order({ verb: 'restart' }), order({ unit: 'bad.service' })];
    for (const each of asked) {
      const items: Item[] = [];
      first.apply(each, items).catch(() => undefined);
      await until(() => items.length > 0, { what: 'systemd took the job' });
    }
    // What it learnt meanwhile is lost with it: the journal as of the jobs.
    await first.runner.close();
    await until(async () => (await systemd.listJobs()).length === 0, { what: 'the jobs are over' });
    const second = await Asker.open(folder, systemd);
    await until(() => second.runner.runningCount === 0, { what: 'it has looked' });
    const resolved = await second.resolve(...asked.map((each) => each.opId));
    t.match(resolved, [{ outcome: { status: 'done' } }, { outcome: { status: 'failed' } }]);
    t.match(await second.apply(asked[0] ?? order()), { status: 'done', replayed: true });
    await second.runner.close();
  });

  await t.test('the host was restarted meanwhile: unknown stays unknown (I12)', async (t) => {
    const folder = t.testdir();
    const first = await Asker.open(folder, systemd);
    const asked = order({ unit: 'slower.service' });
    const items: Item[] = [];
    first.apply(asked, items).catch(() => undefined);
    await until(() => items.length > 0, { what: 'systemd took the job' });
    await first.runner.close();
    const second = await Asker.open(folder, systemd, 'boot-2');
    await until(() => second.reports.length > 0, { what: 'it is reported' });
    t.match(second.reports, [{ opId: asked.opId, status: 'unknown', inferred: true, message: /restarted/ }]);
    await second.runner.close();
    await node.systemctl('stop', 'slower.service');
  });

  await t.test('the bus goes while a job runs: its end is found when the bus is back', async (t) => {
    const other = await openSystemd(busOptions(node));
    const asker = await Asker.open(t.testdir(), other);
    const items: Item[] = [];
    const asked = asker.apply(order({ unit: 'slow.service' }), items);
    await until(() => items.length > 0, { what: 'systemd took the job' });
    other.close();
    asker.runner.busLost();
    t.match(await asker.apply(order()), { status: 'refused', code: 'HEC_BUS_GONE' });
    asker.runner.busConnected(systemd);
    t.match(await asked, { status: 'done' });
    await asker.runner.close();
  });

  await t.test('the bus goes while the call is on its way: applied or not, never twice', async (t) => {
    const other = await openSystemd(busOptions(node));
    const asker = await Asker.open(t.testdir(), other);
    await node.systemctl('stop', 'web.service');
    const asked = asker.apply(order());
    // The call is written in the turn after its record is durable; the reply cannot be there yet.
    await until(() => other.counters().callsSent > 0 && asker.runner.runningCount === 1, {
      what: 'it is called',
    });
    await until(() => other.counters().callsInFlight > 0 || asker.runner.runningCount === 0, {
      what: 'the call is in flight',
      intervalMs: 0,
    });
    other.close();
    asker.runner.busLost();
    asker.runner.busConnected(systemd);
    const { status } = await asked;
    t.equal(status === 'done', (await shown('web.service', 'ActiveState')) === 'active', status);
    await asker.runner.close();
  });
});
