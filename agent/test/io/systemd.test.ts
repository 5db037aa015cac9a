/** Every verb and reading on a real systemd. */
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { SystemdPort, UnitState } from '../../src/core/systemd-port.ts';
import { skip, systemdOf, userNode } from './support/node-bus.ts';

const longName = `${'l'.repeat(247)}.service`;
const sleeper = '[Service]\nExecStart=sleep 1000\n';
const units = {
  'web.service': `[Unit]\nDescription=A web server\n${sleeper}[Install]\nWantedBy=default.target\n`,
  'web.service.d/limit.conf': '[Service]\nMemoryMax=18446744073709551000\n',
  'failing.service': '[Service]\nType=oneshot\nExecStart=sh -c "exit 42"\n',
  'stubborn.service':
    '[Service]\nExecStart=sh -c "trap : TERM; echo ready >$HOME/stubborn; while :; do sleep 0.1; done"\nTimeoutStopSec=1\n',
  'slow.service': '[Service]\nType=oneshot\nExecStart=sleep 1000\n',
  'needy.service':
    '[Unit]\nRequires=failing.service\nAfter=failing.service\n[Service]\nExecStart=sleep 1000\n',
  'reloadable.service': '[Service]\nExecStart=sleep 1000\nExecReload=true\n',
  'echo@.service': '[Service]\nExecStart=sleep 1000\n',
  'a\\x2db\\x20c:1_2.service': sleeper,
  [longName]: sleeper,
};

const run = async (
  systemd: SystemdPort,
  ...[verb, unit]: ['start' | 'stop' | 'restart' | 'reload', string]
) => {
  const { jobPath } = await systemd.startJob(verb, unit);
  return (await systemd.waitJob(jobPath, { timeoutMs: 60_000 })).result;
};

t.test('systemd', { skip, timeout: 240_000 }, async (t) => {
  const node = await userNode(t, units);
  const systemd = await systemdOf(t, node);
  const shown = async (unit: string, property: string): Promise<string> =>
    (await node.systemctl('show', unit, '-p', property, '--value')).stdout.trim();

  await t.test('start, restart, reload, stop: the job’s result and the unit’s state', async (t) => {
    t.equal(await run(systemd, 'start', 'reloadable.service'), 'done');
    const first = await systemd.unitOutcome('reloadable.service');
    t.match(first, { loadState: 'loaded', activeState: 'active', subState: 'running', result: 'success' });
    t.equal(first.invocationId, await shown('reloadable.service', 'InvocationID'));
    t.equal(
      String(first.stateChangeTimestampMonotonic),
      await shown('reloadable.service', 'StateChangeTimestampMonotonic'),
    );
    t.equal(await run(systemd, 'reload', 'reloadable.service'), 'done');
    t.equal(await run(systemd, 'restart', 'reloadable.service'), 'done');
    t.not((await systemd.unitOutcome('reloadable.service')).invocationId, first.invocationId);
    t.equal(await run(systemd, 'stop', 'reloadable.service'), 'done');
    t.match(await systemd.unitState('reloadable.service'), {
      activeState: 'inactive',
      subState: 'dead',
      jobId: 0,
    });
    const idle = await systemd.startJob('try-restart', 'reloadable.service');
    t.equal((await systemd.waitJob(idle.jobPath, { timeoutMs: 60_000 })).result, 'done', 'nothing to do');
    await t.rejects(systemd.startJob('reload', 'web.service'), {
      code: 'HEC_BUS_ERROR',
      delivery: 'refused',
      busErrorName: /JobTypeNotApplicable/,
    });
  });

  await t.test('a failing unit, and one that needs it', async (t) => {
    t.equal(await run(systemd, 'start', 'failing.service'), 'failed');
    t.match(await systemd.unitOutcome('failing.service'), {
      activeState: 'failed',
      result: 'exit-code',
      execMainStatus: 42,
      execMainCode: 1,
      nRestarts: 0,
    });
    t.equal(await run(systemd, 'start', 'needy.service'), 'dependency');
    await systemd.resetFailed('failing.service');
    t.match(await systemd.unitState('failing.service'), { activeState: 'inactive' });
  });

  await t.test('a unit that is missing, masked, or not one', async (t) => {
    const missing = { code: 'HEC_NO_SUCH_UNIT', delivery: 'refused', message: /nope\.service not found/ };
    await t.rejects(systemd.startJob('start', 'nope.service'), missing);
    t.match(await systemd.unitState('nope.service'), { loadState: 'not-found', activeState: 'inactive' });
    t.equal(await systemd.unitFileState('nope.service'), 'not-found');
    await t.rejects(systemd.unitFileContents('nope.service'), { code: 'HEC_NO_SUCH_UNIT' });

    const masked = await systemd.mask(['hidden.service']);
    t.match(masked.changes, [{ change: 'symlink', source: '/dev/null', file: /hidden\.service$/ }]);
    t.equal(await systemd.unitFileState('hidden.service'), 'masked');
    const refusal = {
      code: 'HEC_BUS_ERROR',
      busErrorName: 'org.freedesktop.systemd1.UnitMasked',
      remedy: /unmask/,
    };
    await t.rejects(systemd.startJob('start', 'hidden.service'), refusal);
    t.match(await systemd.unitState('hidden.service'), { loadState: 'masked' });
    t.match(await systemd.unitFileContents('hidden.service'), [{ text: '' }]);
    t.match((await systemd.unmask(['hidden.service'])).changes, [{ change: 'unlink' }]);

    for (const name of [
      'a b.service',
      '../x.service',
      'x/y.service',
      'größe.service',
      'noend',
      `${'x'.repeat(292)}.service`,
    ]) {
      await t.rejects(systemd.startJob('start', name), { code: 'HEC_BAD_NAME', delivery: 'refused' }, name);
      await t.rejects(systemd.unitState(name), { code: 'HEC_BAD_NAME' }, name);
      await t.rejects(systemd.unitOutcome(name), { code: 'HEC_BAD_NAME' }, name);
    }
    // To systemd an empty name is the unit of whoever asks: it must not get there.
    const empty = { code: 'HEC_BAD_NAME', delivery: 'not-sent' };
    for (const asked of [
      systemd.startJob('stop', ''),
      systemd.kill('', 'all', 9),
      systemd.freeze(''),
      systemd.unitState(''),
      systemd.unitOutcome(''),
      systemd.disable(['web.service', '']),
    ]) {
      await t.rejects(
        asked.then(() => undefined),
        empty,
      );
    }
    await t.rejects(systemd.unitState('echo@.service'), { code: 'HEC_BAD_NAME' }, 'a template is not a unit');
    await t.rejects(
      systemd.startJob('start', 'a\0b.service'),
      { code: 'HEC_INTERNAL', delivery: 'not-sent' },
      'NUL',
    );
  });

  await t.test('odd names that are valid', async (t) => {
    const events: string[] = [];
    const off = systemd.onUnitChanged(
      ({ name, activeState }) => activeState === 'active' && events.push(name),
    );
    t.teardown(off);
    const names = ['a\\x2db\\x20c:1_2.service', longName, 'echo@x-y\\x2fz.service', 'echo@0.service'];
    for (const name of names) {
      t.equal(await run(systemd, 'start', name), 'done', name);
      t.equal((await systemd.unitProperties(name)).get('Id')?.value, name);
      t.match(await systemd.unitOutcome(name), { activeState: 'active', result: 'success' });
      await until(() => events.includes(name), { what: `the change of ${name} was told` });
      t.equal(await run(systemd, 'stop', name), 'done');
    }
  });

  await t.test('a unit that ignores SIGTERM is killed at its time limit', async (t) => {
    t.equal(await run(systemd, 'start', 'stubborn.service'), 'done');
    await until(async () => (await node.run(['test', '-s', `${node.home}/stubborn`])).exitCode === 0, {
      what: 'it traps TERM',
    });
    t.equal(await run(systemd, 'stop', 'stubborn.service'), 'done');
    t.match(await systemd.unitOutcome('stubborn.service'), {
      activeState: 'failed',
      result: 'timeout',
      execMainCode: 2,
      execMainStatus: 9,
    });
  });

  await t.test(
    'a job that takes its time: waiting ends, the job goes on, and can be cancelled',
    async (t) => {
      const { jobId, jobPath } = await systemd.startJob('start', 'slow.service');
      await t.rejects(systemd.waitJob(jobPath, { timeoutMs: 100 }), {
        code: 'HEC_TIMEOUT',
        delivery: 'unknown',
      });
      t.equal(await systemd.jobExists(jobPath), true);
      t.match(await systemd.listJobs(), [
        { jobId, jobPath, unit: 'slow.service', jobType: 'start', jobState: 'running' },
      ]);
      t.match(await systemd.unitState('slow.service'), {
        activeState: 'activating',
        jobId,
        jobType: 'start',
      });
      const end = systemd.waitJob(jobPath, { timeoutMs: 60_000 });
      await systemd.cancelJob(jobId);
      t.match(await end, { jobId, unit: 'slow.service', result: 'canceled' });
      t.equal(await systemd.jobExists(jobPath), false);
      const unheard = '/org/freedesktop/systemd1/job/4000000000';
      t.match(await systemd.waitJob(unheard, { timeoutMs: 60_000, pollIntervalMs: 10 }), {
        result: 'lost',
        jobId: 4000000000,
      });
    },
  );

  await t.test('kill, freeze, thaw', async (t) => {
    await run(systemd, 'start', 'web.service');
    await systemd.freeze('web.service');
    t.equal(await shown('web.service', 'FreezerState'), 'frozen');
    await systemd.thaw('web.service');
    t.equal(await shown('web.service', 'FreezerState'), 'running');
    await systemd.kill('web.service', 'main', 9);
    await until(async () => (await systemd.unitState('web.service')).activeState === 'failed', {
      what: 'it died',
    });
    t.match(await systemd.unitOutcome('web.service'), {
      result: 'signal',
      execMainCode: 2,
      execMainStatus: 9,
    });
    await t.rejects(
      systemd.kill('web.service', 'main', 9),
      { code: 'HEC_BUS_ERROR', delivery: 'refused' },
      'nothing there to kill',
    );
  });

  await t.test('unit files: enable, disable, default target, list, cat', async (t) => {
    t.equal(await systemd.unitFileState('web.service'), 'disabled');
    t.match(await systemd.enable(['web.service']), {
      carriesInstallInfo: true,
      changes: [{ change: 'symlink', source: /web\.service$/ }],
    });
    t.equal(await systemd.unitFileState('web.service'), 'enabled');
    t.match(await systemd.disable(['web.service']), { changes: [{ change: 'unlink' }] });
    t.match(await systemd.enable(['reloadable.service']), { carriesInstallInfo: false, changes: [] });
    await t.rejects(systemd.enable(['nope.service']), { code: 'HEC_NO_SUCH_UNIT' });
    t.equal(await systemd.getDefault(), 'default.target');
    t.match(await systemd.setDefault('basic.target'), {
      changes: [{ change: 'symlink', file: /default\.target$/ }],
    });
    t.equal(await systemd.getDefault(), 'basic.target');
    const files = await systemd.listUnitFiles();
    t.match(
      files.find(({ unit }) => unit === 'web.service'),
      { path: `${node.unitFolder}/web.service`, state: 'disabled' },
    );
    const listed = (await node.systemctl('list-unit-files', '--no-legend')).stdout.trim().split('\n');
    t.equal(files.length, listed.length, 'as many as systemctl lists');
    t.strictSame(
      (await systemd.unitFileContents('web.service')).map(({ text }) => text),
      [units['web.service'], units['web.service.d/limit.conf']],
    );
    await node.writeFile(`${node.unitFolder}/web.service.d/long.conf`, `#${'x'.repeat(300_000)}\n`);
    await systemd.reload();
    await t.rejects(systemd.unitFileContents('web.service'), {
      code: 'HEC_UNSUPPORTED',
      message: /204800 bytes/,
    });
    await node.runOrThrow(['rm', `${node.unitFolder}/web.service.d/long.conf`]);
    await systemd.reload();
    const made = { code: 'HEC_NO_SUCH_UNIT', message: /made it itself/ };
    await t.rejects(systemd.unitFileContents('-.slice'), made);
  });

  await t.test('properties, with busctl as the judge', async (t) => {
    await run(systemd, 'start', 'web.service');
    const properties = await systemd.unitProperties('web.service');
    const busctl = ['busctl', '--user', '--json=short', 'call', 'org.freedesktop.systemd1'];
    const path = (await systemd.unitState('web.service')).unitPath;
    const all = ['org.freedesktop.DBus.Properties', 'GetAll', 's'];
    const judged = async (name: string): Promise<Record<string, { type: string; data: unknown }>> => {
      const text = await node.runOrThrow([...busctl, path, ...all, `org.freedesktop.systemd1.${name}`]);
      // JSON.parse would round 64-bit integers: every long number becomes text first.
      return JSON.parse(text.replace(/([:[,])(-?\d{16,})(?=[,\]}])/g, '$1"$2"')).data[0];
    };
    const expected = { ...(await judged('Service')), ...(await judged('Unit')) };
    t.strictSame([...properties.keys()].sort(), Object.keys(expected).sort());
    t.ok(properties.size > 300, `${properties.size} properties`);
    const plain = (value: unknown): unknown =>
      typeof value === 'bigint'
        ? String(value).length >= 16
          ? String(value)
          : Number(value)
        : value instanceof Uint8Array
          ? [...value]
          : Array.isArray(value)
            ? value.map(plain)
            : value;
    const moving = /^(Memory(Current|Available)|CPUUsageNSec|TasksCurrent|IO|IP)/;
    for (const [name, { signature, value }] of properties) {
      const { type, data } = expected[name] ?? { type: '', data: '' };
      t.equal(signature, type, name);
      if (!moving.test(name) && !type.includes('{')) t.strictSame(plain(value), data, name);
    }
    t.strictSame(properties.get('MemoryMax'), {
      signature: 't',
      value: 18446744073709551000n,
    });
    t.match((await systemd.managerProperty('Version')).value, /^\d/);
    t.equal((await systemd.unitProperty('web.service', 'Unit', 'Id')).value, 'web.service');
    t.strictSame(
      [...(await systemd.unitProperties('web.service', ['Unit'])).keys()].sort(),
      Object.keys(await judged('Unit')).sort(),
    );
    await t.rejects(systemd.unitProperty('web.service', 'Unit', 'Nope'), {
      code: 'HEC_BUS_ERROR',
      delivery: 'refused',
    });
  });

  await t.test('transient units', async (t) => {
    const memory = 2n ** 53n + 4096n;
    const job = await systemd.startTransientUnit('once.service', 'fail', [
      ['Description', { signature: 's', value: 'Runs once – ä' }],
      ['MemoryMax', { signature: 't', value: memory }],
      ['Environment', { signature: 'as', value: ['A=1', 'B=two words'] }],
      ['RemainAfterExit', { signature: 'b', value: true }],
      ['ExecStart', { signature: 'a(sasb)', value: [['/bin/true', ['true'], false]] }],
    ]);
    t.equal((await systemd.waitJob(job.jobPath, { timeoutMs: 60_000 })).result, 'done');
    await until(async () => (await systemd.unitOutcome('once.service')).execMainCode === 1, {
      what: 'it has run',
    });
    const properties = await systemd.unitProperties('once.service');
    t.strictSame(properties.get('MemoryMax')?.value, memory, 'a 64-bit integer there and back');
    t.strictSame(properties.get('Environment')?.value, ['A=1', 'B=two words']);
    t.equal(properties.get('Description')?.value, 'Runs once – ä');
    t.equal(await systemd.unitFileState('once.service'), 'transient');
    await t.rejects(
      systemd.startTransientUnit('once.service', 'fail', []),
      { code: 'HEC_BUS_ERROR', delivery: 'refused' },
      'there is one',
    );
  });

  await t.test('the list of units, as systemctl has it', async (t) => {
    const rows = await systemd.listUnits();
    const listed = (await node.systemctl('list-units', '--all', '--plain', '--no-legend', '--full')).stdout;
    const expected = new Map(
      listed
        .trim()
        .split('\n')
        .map((line) => {
          const [name = '', load, active, sub] = line.trim().split(/\s+/);
          return [name, [load, active, sub]];
        }),
    );
    const byName = new Map(rows.map((row): [string, UnitState] => [row.name, row]));
    for (const [name, states] of expected) {
      const row = byName.get(name);
      t.strictSame([row?.loadState, row?.activeState, row?.subState], states, name);
    }
    t.equal(byName.size, expected.size);
  });

  await t.test('a user manager does not switch its host off', async (t) => {
    await t.rejects(systemd.powerOff(), { code: 'HEC_UNSUPPORTED', delivery: 'not-sent' });
    await t.rejects(systemd.reboot(), { code: 'HEC_UNSUPPORTED' });
  });
  t.equal(systemd.counters().signalsIgnored, 0, 'every signal was one that we know');
});
