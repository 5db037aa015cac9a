/** The manager is killed and started again: everything is back, and what was in flight gets its true outcome. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { auditOf, untilAudited } from './support/audit.ts';
import { activeState, countedUnit, startsOf } from './support/counted-unit.ts';
import { startCtl } from './support/ctl.ts';
import { finalOutcome, operate } from './support/operations.ts';
import { recordedBytes } from './support/recorded-bytes.ts';

interface NodeJson {
  node: string;
  connection: string;
  units: number | null;
}

/** 2 s are promised; the rest is room for a machine that does other things at the same time. */
const backWithinMs = 8000;

const epochOf = async (site: Site): Promise<number> => (await site.json<{ epoch: number }>('health')).epoch;

async function untilComplete(site: Site, counts: ReadonlyMap<string, number>): Promise<void> {
  await until(
    async () => {
      const nodes = await site.json<NodeJson[]>('list-nodes');
      return nodes.length === counts.size && nodes.every(({ node, units }) => units === counts.get(node));
    },
    { what: 'every unit of every node is known', intervalMs: 10 },
  );
}

t.test('the manager is killed', { skip: await skipUnless('user'), timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, {
    names: ['alpha', 'beta', 'gamma'],
    units: { 'slow.service': countedUnit(3), 'doomed.service': countedUnit(3, { exitStatus: 3 }) },
  });
  const { manager } = site;
  const node = site.node('alpha');
  // As the nodes themselves count.
  const counts = new Map(
    (await site.json<NodeJson[]>('list-nodes')).map(({ node, units }) => [node, units ?? -1]),
  );
  t.ok(counts.size === 3 && [...counts.values()].every((count) => count > 10), JSON.stringify([...counts]));

  await t.test('all sessions and all units are back', async (t) => {
    const epoch = await epochOf(site);
    const took: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await manager.stop('SIGKILL');
      const beganMs = performance.now();
      await manager.start();
      const upMs = performance.now() - beganMs;
      await untilComplete(site, counts);
      took.push(performance.now() - beganMs);
      t.comment(
        `up after ${upMs.toFixed(0)} ms, 3 nodes with all units back ${took.at(-1)?.toFixed(0)} ms after the start`,
      );
    }
    t.ok(Math.min(...took) < backWithinMs);
    t.equal(await epochOf(site), epoch + 3, 'each start raised the epoch');
  });

  await t.test('an operation in flight gets its true outcome afterwards', async (t) => {
    for (const [unit, status, exitCode] of [
      ['slow', 'done', 0],
      ['doomed', 'failed', 1],
    ] as const) {
      await site.untilOnline();
      const running = startCtl(manager, 'start', 'alpha', unit, '--timeout', '20s');
      await until(async () => (await activeState(node, `${unit}.service`)) === 'activating', {
        what: `${unit} is starting`,
      });
      const audited = auditOf(manager, { unit: `${unit}.service` }).length;
      await manager.stop('SIGKILL');
      t.equal(await running.ended, 70, `the caller cannot know: ${running.stderr()}`);
      t.match(running.stderr(), /no whole answer came/);
      t.match(running.stderr(), new RegExp(`not answered: alpha ${unit}`), 'it is told what is open');
      t.equal(audited, 0, 'nothing was audited as ended before');
      await manager.start();
      const entry = await untilAudited(manager, { unit: `${unit}.service`, node: 'alpha' });
      t.match(entry, { outcome: status, what: 'start', late: true }, 'the audit log has the true outcome');
      const final = await finalOutcome(site, String(entry.opId));
      t.equal(final.status, status);
      t.equal(final.exitCode, exitCode);
      t.equal(await startsOf(node, `${unit}.service`), 1, 'it ran once');
    }
  });

  await t.test('it is started again while the job runs, and answers those who ask', async (t) => {
    await node.systemctl('stop', 'slow.service');
    await site.untilOnline();
    const running = startCtl(manager, 'start', 'alpha', 'slow', '--timeout', '20s');
    await until(async () => (await activeState(node, 'slow.service')) === 'activating', {
      what: 'it starts',
    });
    await manager.stop('SIGKILL');
    await manager.start();
    await running.ended;
    await site.untilOnline();
    const again = await operate(site, 'start', 'alpha', 'slow', '--timeout', '20s');
    t.equal(again.status, 'done', 'a second start joins the job that systemd has');
    await untilAudited(manager, { unit: 'slow.service', outcome: 'done' }, 3);
    t.equal(await startsOf(node, 'slow.service'), 2, 'the second start of the unit since the test began');
  });

  await t.test('killed at any moment of a start: once or never, and it says which', async (t) => {
    await site.untilOnline();
    const journal = join(manager.folder, 'state/journal/operations.records');
    const unitOf = (round: number) => `moment-${round}.service`;
    const rounds = [0, 0, 2, 5, 15];
    for (const round of rounds.keys())
      await node.writeFile(join(node.unitFolder, unitOf(round)), countedUnit(0));
    await node.systemctl('daemon-reload');
    const told: string[] = [];
    for (const [round, delayMs] of rounds.entries()) {
      const before = recordedBytes(journal);
      const running = startCtl(manager, 'start', 'alpha', unitOf(round), '--timeout', '10s');
      // It is recorded before it is sent: from here on it may be anywhere.
      while (recordedBytes(journal) === before) await sleep(0);
      await sleep(delayMs);
      await manager.stop('SIGKILL');
      const exitCode = await running.ended;
      await manager.start();
      await site.untilOnline();
      const entry = await untilAudited(manager, { unit: unitOf(round), node: 'alpha' });
      const starts = await startsOf(node, unitOf(round));
      const outcome = String(entry.outcome);
      told.push(`${delayMs} ms: ${outcome}, caller ${exitCode}`);
      t.equal(starts, outcome === 'done' ? 1 : 0, `${delayMs} ms: ${outcome}, started ${starts} times`);
      t.ok(outcome === 'done' || outcome === 'refused', 'a definite outcome');
      t.ok(exitCode === 70 || outcome === 'done', `the caller was told nothing else: ${exitCode}`);
      t.equal((await finalOutcome(site, String(entry.opId))).status, outcome);
    }
    t.comment(told.join('; '));
  });
});
