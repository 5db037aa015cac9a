/** The fake systemd is held against a real one: the same operations on both, and the same answers. */
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeSystemd } from '../../../test/support/fake-systemd.ts';
import type { JobVerb, SystemdPort } from '../../src/core/systemd-port.ts';
import { isSystemdFailure } from '../../src/io/call-systemd.ts';
import { skip, systemdOf, userNode } from './support/node-bus.ts';

const install = '[Install]\nWantedBy=default.target\n';
const files = {
  'runs.service': `[Unit]\nDescription=It runs\n[Service]\nExecStart=sleep 1000\n${install}`,
  'ends.service': '[Service]\nType=oneshot\nExecStart=true\n',
  'fails.service': '[Service]\nType=oneshot\nExecStart=sh -c "exit 3"\n',
};

/** What came of each step, in words that do not depend on paths, ids and times. */
async function observe(systemd: SystemdPort): Promise<string[]> {
  const seen: string[] = [];
  const ended = new Map<string, string>();
  const changes = new Set<string>();
  const stops = [
    systemd.onJobRemoved(({ jobPath, result }) => ended.set(jobPath, result)),
    systemd.onUnitChanged(({ name, activeState }) => changes.add(`${name} ${activeState ?? '?'}`)),
    // A unit that nobody needs any more is unloaded: then its end may be told as that.
    systemd.onUnitRemoved((name) => changes.add(`${name} inactive`)),
  ];
  const failureOf = (error: unknown): string =>
    isSystemdFailure(error) ? `${error.code} ${error.delivery} ${error.busErrorName}` : String(error);
  const step = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    const result = await act().then(
      (value) => (value === undefined ? 'done' : JSON.stringify(value)),
      failureOf,
    );
    seen.push(`${name}: ${result}`);
  };
  const job = (verb: JobVerb, unit: string) =>
    step(`${verb} ${unit}`, async () => {
      const { jobPath } = await systemd.startJob(verb, unit);
      const how = await until(() => ended.get(jobPath) ?? systemd.finishedJob(jobPath)?.result, {
        what: 'it ends',
      });
      const isThere = await systemd.jobExists(jobPath);
      const { loadState, activeState, subState, result, execMainStatus } = await systemd.unitOutcome(unit);
      return { how, isThere, loadState, activeState, subState, result, execMainStatus };
    });
  const told = (change: string) => until(() => changes.has(change), { what: `${change} is told` });
  await job('start', 'runs.service');
  await told('runs.service active');
  await job('start', 'runs.service');
  await job('restart', 'runs.service');
  await job('try-restart', 'runs.service');
  await job('reload', 'runs.service');
  await job('stop', 'runs.service');
  await job('try-restart', 'runs.service');
  await job('start', 'ends.service');
  await job('start', 'fails.service');
  // The next step would be merged with this change.
  await told('fails.service failed');
  await step('reset-failed', () => systemd.resetFailed('fails.service'));
  await step('state', async () => (await systemd.unitState('fails.service')).activeState);
  await job('start', 'none.service');
  await step('no such unit', async () => (await systemd.unitState('none.service')).loadState);
  await step('file state', () => systemd.unitFileState('ends.service'));
  await step('no such file', () => systemd.unitFileState('none.service'));
  await step('enable', async () => (await systemd.enable(['runs.service'])).carriesInstallInfo);
  await step('enabled', () => systemd.unitFileState('runs.service'));
  await step('disable', async () => (await systemd.disable(['runs.service'])).changes.length);
  await step('disabled', () => systemd.unitFileState('runs.service'));
  await step('description', async () => {
    const units = await systemd.listUnits();
    return units.find(({ name }) => name === 'runs.service')?.description ?? 'It runs';
  });
  await job('start', 'runs.service');
  await step('freeze', () => systemd.freeze('runs.service'));
  await step(
    'frozen',
    async () => (await systemd.unitProperty('runs.service', 'Unit', 'FreezerState')).value,
  );
  await step('thaw', () => systemd.thaw('runs.service'));
  await step('kill', () => systemd.kill('runs.service', 'all', 15));
  await until(async () => (await systemd.unitState('runs.service')).activeState === 'inactive', {
    what: 'it ends',
  });
  await told('runs.service inactive');
  for (const stop of stops) stop();
  return seen;
}

t.test('the same operations, the same answers', { skip, timeout: 120_000 }, async (t) => {
  const node = await userNode(t, files);
  const real = await observe(await systemdOf(t, node));
  const fake = await observe(
    new FakeSystemd({
      units: [
        { name: 'runs.service', description: 'It runs', fileState: 'disabled' },
        { name: 'ends.service', kind: 'ends' },
        { name: 'fails.service', kind: 'fails' },
      ],
    }),
  );
  t.same(fake, real);
});

t.test('when its bus goes, every call fails as a real one does', async (t) => {
  const fake = new FakeSystemd({ units: [] });
  fake.disconnect();
  await t.rejects(fake.listUnits(), { code: 'HEC_BUS_GONE', delivery: 'unknown' });
});
