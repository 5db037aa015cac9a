/**
 * Manager and agent disagree about the time. Deadlines are reckoned in the agent's own CLOCK_BOOTTIME, which on real
 * hosts has nothing to do with the manager's (nodes of a test share the kernel, so it is shifted by a time namespace
 * here); and nothing is decided on the wall clock, which libfaketime shifts for the agent's process.
 */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { finalOutcome, operate } from './support/operations.ts';

const units = Object.fromEntries(
  ['now', 'late', 'slow'].map((name) => [`${name}.service`, countedUnit(name === 'slow' ? 1.5 : 0)]),
);

/** Timely commands are done, late ones never, and a time limit is as long as it is. */
async function deadlinesHold(t: Test, site: Site, inTheCut = async () => {}): Promise<void> {
  const node = site.node('server1');
  t.equal((await operate(site, 'restart', 'server1', 'now', '--timeout', '20s')).status, 'done', 'in time');
  const before = await startsOf(node, 'late.service');
  await node.cut();
  const late = await operate(site, 'restart', 'server1', 'late', '--timeout', '1s');
  await inTheCut();
  await node.heal();
  t.equal(late.status, 'unknown');
  t.equal((await finalOutcome(site, late.op_id)).code, 'HEC_EXPIRED', 'too late: never applied');
  t.equal(await startsOf(node, 'late.service'), before);
  await site.untilOnline();
  const slow = await operate(site, 'restart', 'server1', 'slow', '--timeout', '1s');
  t.equal(slow.status, 'timeout', 'a job that takes longer than its time limit');
  t.equal((await finalOutcome(site, slow.op_id)).status, 'done');
}

const bootTimeShift = (seconds: number): string[] => ['unshare', '--time', `--boottime=${seconds}`, '--'];

/** As `skipUnless`, with what it takes to shift CLOCK_BOOTTIME. */
async function skipUnlessShiftable(): Promise<false | string> {
  const shifted = await execute([...bootTimeShift(864_000), 'cat', '/proc/uptime']);
  if (shifted.exitCode === 0 && Number.parseFloat(shifted.stdout) > 864_000) return skipUnless('user');
  return `CLOCK_BOOTTIME cannot be shifted here: ${shifted.stderr || 'time namespaces begin at a fork only'}`;
}

t.test("the agent's CLOCK_BOOTTIME is another one", { skip: await skipUnlessShiftable() }, async (t) => {
  const site = await siteForTest(t, { names: ['server1'], config: { heartbeat_interval: '10s' }, units });
  const agent = site.agent('server1');
  const uptimeSeconds = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  for (const seconds of [10 * 86_400, -Math.floor(uptimeSeconds / 2)]) {
    await t.test(`${seconds} s from the manager's`, async (t) => {
      await agent.stop();
      await agent.start(bootTimeShift(seconds));
      await site.untilOnline();
      await deadlinesHold(t, site);
    });
  }
});

t.test("the agent's wall clock is hours off", { skip: await skipUnless('booted') }, async (t) => {
  const site = await siteForTest(t, {
    kind: 'booted',
    names: ['server1'],
    config: { heartbeat_interval: '10s' },
    units,
  });
  const agent = site.agent('server1');
  const library = (
    await site.node('server1').runOrThrow(['sh', '-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'])
  ).trim();
  const shiftFile = `${agent.folder}/clock-shift`;
  /** Also while the agent runs: then its clock jumps. */
  const shift = (text: string): Promise<void> => site.node('server1').writeFile(shiftFile, `${text}\n`);
  const startShifted = async (text: string): Promise<void> => {
    await agent.stop();
    await shift(text);
    const faketime = [`LD_PRELOAD=${library}`, `FAKETIME_TIMESTAMP_FILE=${shiftFile}`, 'FAKETIME_NO_CACHE=1'];
    await agent.start(['env', ...faketime, 'FAKETIME_DONT_FAKE_MONOTONIC=1', 'NO_FAKE_STAT=1']);
  };

  await t.test('five hours ahead: everything works, and doctor says it', async (t) => {
    await startShifted('+5h');
    await site.untilOnline();
    await deadlinesHold(t, site);
    const doctor = await site.manager.ctl(['doctor', 'server1']);
    t.match(doctor.stdout + doctor.stderr, /clock is (5 h|4 h 59 min .*) off/);
    t.not(doctor.exitCode, 0);
    const [node] = await site.json<{ clock_offset_ms: number }[]>('list-nodes', 'server1');
    t.ok(Math.abs((node?.clock_offset_ms ?? 0) - 5 * 3_600_000) < 60_000, `${node?.clock_offset_ms} ms`);
  });

  await t.test('it jumps, back and forth: nothing expires too late or too early', async (t) => {
    const session = async () => (await site.json<{ address: string }[]>('list-nodes', 'server1'))[0]?.address;
    const before = await session();
    await deadlinesHold(t, site, () => shift('+1h'));
    await shift('+9h');
    t.equal((await operate(site, 'restart', 'server1', 'now', '--timeout', '20s')).status, 'done');
    t.equal(await session(), before, 'in one and the same session');
  });

  await t.test(
    'five hours behind: the certificates are not valid yet, and that is what it says',
    async (t) => {
      await startShifted('-5h');
      await until(() => /not yet valid/.test(agent.log), { what: 'the agent says why it does not connect' });
      t.match(agent.log, /clock/, 'and names the clock');
      await agent.stop();
      await agent.start();
      await site.untilOnline();
    },
  );
});
