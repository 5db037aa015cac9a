/** What only a whole system has: PID 1, the system bus, logind, other users. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { fleetForTest, skipUnless } from '../../../test/nodes/fleet-for-test.ts';
import { until } from '../../../test/nodes/until.ts';
import { systemdOf } from './support/node-bus.ts';

const skip = await skipUnless('booted');

t.test('on a booted node', { skip, timeout: 300_000 }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['alpha'] });
  const node = fleet.node('alpha');

  await t.test('system units, over a reexec of PID 1', async (t) => {
    await node.writeFile(
      `${node.unitFolder}/web.service`,
      '[Service]\nExecStart=sleep 1000\n[Install]\nWantedBy=multi-user.target\n',
    );
    const systemd = await systemdOf(t, node);
    let lists = 0;
    systemd.onUnitsListed(() => {
      lists += 1;
    });
    await systemd.reload();
    t.equal(await systemd.unitFileState('web.service'), 'disabled');
    t.match(await systemd.enable(['web.service']), { changes: [{ change: 'symlink' }] });
    for (const verb of ['start', 'restart', 'stop'] as const) {
      const { jobPath } = await systemd.startJob(verb, 'web.service');
      t.equal((await systemd.waitJob(jobPath, { timeoutMs: 60_000 })).result, 'done', verb);
      const before = lists;
      t.equal((await node.systemctl('daemon-reexec')).exitCode, 0);
      await until(() => lists > before, { what: 'the units were listed after the reexec' });
    }
    t.ok((await systemd.listUnits()).length > 50);
    t.equal(systemd.counters().callsTimedOut, 0);
  });

  await t.test('a user without rights is refused, with what to do', async (t) => {
    const script = `
      import { openSystemd } from '${node.repository}/agent/src/io/systemd.ts';
      const systemd = await openSystemd({ bus: 'system' });
      const { loadState } = await systemd.unitState('web.service');
      const { code, delivery, remedy } = await systemd.startJob('start', 'web.service').catch((error) => error);
      systemd.close();
      console.log(JSON.stringify({ loadState, code, delivery, remedy }));`;
    const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const said = await node.runOrThrow([...asNobody, 'node', '--input-type=module', '-e', script]);
    const refusal = { code: 'HEC_BUS_ERROR', delivery: 'refused', remedy: /rights of root/ };
    t.match(JSON.parse(said), { loadState: 'loaded', ...refusal }, 'reading is allowed, starting is not');
  });

  await t.test('power off, in order, through logind', async (t) => {
    // A unit that says so when it is stopped: systemd's own PowerOff would not stop it.
    const log = `${node.home}/stopped`;
    await node.writeFile(
      `${node.unitFolder}/last-words.service`,
      `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\nExecStop=sh -c "echo goodbye >${log}; sync"\n`,
    );
    const systemd = await systemdOf(t, node);
    await systemd.reload();
    const { jobPath } = await systemd.startJob('start', 'last-words.service');
    await systemd.waitJob(jobPath, { timeoutMs: 60_000 });
    const closed = new Promise((resolve) => systemd.onClosed(resolve));
    await systemd.powerOff();
    await node.waitUntilOff();
    t.match(await closed, { code: 'HEC_BUS_GONE' });
    await node.boot();
    t.equal((await node.readFile(log)).trim(), 'goodbye');
    t.ok(readFileSync(`/proc/${node.hostPid(1)}/comm`, 'utf8').startsWith('systemd'));
  });
});
