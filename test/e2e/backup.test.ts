/**
 * A backup that is made while a run goes on; a manager that is lost with all of its state; and one that is restored from
 * it in another folder. Its agents come back, nothing resumes, nothing is applied twice (I2), and the epoch leads (I6).
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { schemaProblem } from '../../ctl/test/support/schema.ts';
import { stateNames } from '../../manager/src/backup/read-state.ts';
import { Operator } from '../../manager/test/support/manager-bench.ts';
import { getRun, execute as startRun, stateOf } from '../../manager/test/support/runs-bench.ts';
import { execute, executeOrThrow } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { ManagerProcess } from '../site/manager-process.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { operatorOf, runSite, untilActivating } from './support/run-site.ts';
import { quickUnit } from './support/serving.ts';

t.setTimeout(200_000);

const names = ['alpha', 'beta'] as const;
const long = 'long.service';
const later = 'later.service';

const stages = [
  { name: 'first', steps: [{ start: { nodes: ['alpha'], units: [long] }, timeout: '5m' }] },
  { name: 'second', steps: [{ start: { nodes: ['beta'], units: [later] }, timeout: '60s' }] },
];

/** Counts its starts as the others do, and is starting until there is a file `go` in the node's home. */
const waitingUnit = `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo started >> %h/starts.%n; until [ -e %h/go ]; do sleep 0.1; done'
`;

/** Of every operation that a journal holds. */
function operationIds(stateFolder: string): string[] {
  const text = readFileSync(join(stateFolder, 'journal/operations.records'), 'utf8');
  return [...new Set([...text.matchAll(/"opId":"([0-9A-Z]{26})"/g)].map((match) => match[1] ?? ''))];
}

interface Restored {
  epoch: number;
  ended_runs: string[];
  withdrawn_tokens: number;
  nodes: string[];
  kept_aside: string[];
  kept_revocations: string[];
}

t.test('backup and restore', { skip: await skipUnless('user'), timeout: 180_000 }, async (t) => {
  const site = await runSite(t, {
    names,
    sequences: { maintenance: { stages } },
    units: { ...quickUnit, [long]: waitingUnit, [later]: countedUnit(0), 'once.service': countedUnit(0) },
  });
  const old = site.manager;
  const file = join(old.folder, 'hecate.tar');
  const stateFolder = join(old.folder, 'state');
  const withConfig = (config: string, ...args: string[]) => old.ctl([...args, '--config', config]);
  const ctl = (...args: string[]) => withConfig(old.configFile, ...args);

  t.equal((await old.ctl(['start', '--all', 'once'])).exitCode, 0);
  const { run } = await startRun(await operatorOf(t, site), 'maintenance');
  const runId = run?.summary?.runId ?? '';
  await untilActivating(site, 'alpha', long);
  const openToken = await site.enroll('gamma');

  const made = await ctl('backup', file, '-o', 'json');
  t.equal(made.exitCode, 0, made.stderr);
  t.equal(schemaProblem('backup', JSON.parse(made.stdout)), undefined);
  t.same(JSON.parse(made.stdout).active_runs, [runId], 'while a run is going on');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal((await ctl('backup', file)).exitCode, 2, 'nothing is written over');
  t.match(await executeOrThrow(['tar', 'tf', file]), /state\/authority\/key\.pem/, 'any tar reads it');

  const unknown = readdirSync(stateFolder).filter((name) => !stateNames.has(name));
  t.same(unknown.sort(), ['lock', 'reserve'], 'a restore knows of everything that a manager keeps');
  // What happens after the backup is not in it.
  t.equal((await old.ctl(['start', 'alpha,beta', 'quick'])).exitCode, 0);
  const idsBefore = operationIds(stateFolder);
  const refused = await ctl('restore', '--force', file);
  t.match(refused.stderr, /the manager with pid \d+ holds this state directory \(HEC_LOCKED\)/);
  await old.stop('SIGKILL');
  renameSync(stateFolder, join(old.folder, 'lost'));

  await t.test('a damaged one is refused, and nothing changed', async (t) => {
    const whole = readFileSync(file);
    const damaged = join(old.folder, 'damaged.tar');
    for (let at = 700; at < whole.length; at += Math.ceil(whole.length / 5)) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      writeFileSync(damaged, bytes);
      const { exitCode, stderr } = await ctl('restore', damaged);
      t.equal(exitCode, 1, `byte ${at}`);
      t.match(stderr, /damaged.*HEC_STATE/, `byte ${at}`);
    }
    writeFileSync(damaged, whole.subarray(0, whole.length / 2));
    t.match((await ctl('restore', damaged)).stderr, /HEC_STATE/);
    t.notOk(existsSync(stateFolder));
  });

  const checked = await ctl('restore', '--check', file, '-o', 'json');
  t.equal(schemaProblem('restore', JSON.parse(checked.stdout)), undefined);
  t.match(JSON.parse(checked.stdout), { is_restored: false, epoch: 1, nodes: ['alpha', 'beta'] });
  t.notOk(existsSync(stateFolder), 'a check changes nothing');

  // In another folder, by a configuration of its own.
  const manager = new ManagerProcess({ folder: join(old.folder, 'other'), listen: old.listen });
  t.teardown(() => manager.stop('SIGKILL'));
  const restored = await withConfig(manager.configFile, 'restore', '--keep-config', file, '-o', 'json');
  t.equal(restored.exitCode, 0, restored.stderr);
  const report = JSON.parse(restored.stdout) as Restored;
  t.match(report, { ended_runs: [runId], withdrawn_tokens: 1, nodes: ['alpha', 'beta'], kept_aside: [] });
  const stateOfOther = join(manager.folder, 'state');
  t.equal(statSync(join(stateOfOther, 'authority/key.pem')).mode & 0o777, 0o600);

  await t.test('its agents come back, with the certificates that they have', async (t) => {
    await manager.start();
    const isBack = async () =>
      ((await manager.ctlOrThrow('list-nodes', '--no-legend')).match(/\bonline\b/g) ?? []).length === 2;
    await until(isBack, { what: 'both agents are back', timeoutMs: 60_000, intervalMs: 100 });
    const health = JSON.parse(await manager.ctlOrThrow('health', '-o', 'json')) as { epoch: number };
    t.equal(health.epoch, report.epoch + 1);
    t.ok(health.epoch > 10_000, 'above all that an agent has seen');
    t.equal((await manager.ctl(['start', '--all', 'quick'])).exitCode, 0, 'and do what they are told');
    const reused = operationIds(stateOfOther).filter((id) => !idsBefore.includes(id));
    t.equal(reused.length, 2, 'under numbers that were not used before');
  });

  await t.test('the run is over, nothing of it goes on, and nothing was applied twice', async (t) => {
    const operator = await Operator.connect(manager.socket);
    t.teardown(() => operator.session.end('HEC_SHUTTING_DOWN', 'the test is over'));
    const told = await getRun(operator, runId);
    t.equal(stateOf(told), 'failed');
    t.match(told.summary?.why, /a restore resumes nothing/);
    await site.node('alpha').runOrThrow(['touch', join(site.node('alpha').home, 'go')]);
    await until(
      async () => {
        const operations = JSON.parse(await manager.ctlOrThrow('operations', '-o', 'json')) as {
          unit: string;
          outcome: { status: string } | null;
        }[];
        return operations.find((each) => each.unit === long)?.outcome?.status === 'done';
      },
      { what: 'what was under way is asked of its agent', timeoutMs: 30_000, intervalMs: 200 },
    );
    t.equal(await startsOf(site.node('alpha'), long), 1);
    t.equal(await startsOf(site.node('beta'), later), 0, 'the stage that came next has not begun');
    for (const name of names) t.equal(await startsOf(site.node(name), 'once.service'), 1);
  });

  await t.test('a token that was open does not let anybody in', async (t) => {
    const identity = join(old.folder, 'gamma');
    writeFileSync(
      `${identity}.conf`,
      `[Agent]\nManager=${old.listen.host}:${old.listen.port}\nIdentityDirectory=${identity}\n`,
    );
    const program = join(import.meta.dirname, '../../agent/bin/hecate-agent.js');
    const joined = await execute([process.execPath, program, 'join', '--config', `${identity}.conf`], {
      input: `${openToken}\n`,
      timeoutMs: 30_000,
    });
    t.not(joined.exitCode, 0);
    t.match(joined.stderr, /withdrawn/);
  });

  await t.test('the old one, should it still be there, is refused', async (t) => {
    await manager.stop();
    renameSync(join(old.folder, 'lost'), stateFolder);
    await old.start();
    await until(() => /an agent has seen a newer manager/.test(old.log()), {
      what: 'agents refuse it',
      timeoutMs: 60_000,
    });
    t.not((await old.ctl(['start', 'alpha', 'once', '--timeout', '3s'])).exitCode, 0);
    t.equal(await startsOf(site.node('alpha'), 'once.service'), 1);
    await old.ctlOrThrow('node', 'revoke', 'beta');
    await old.stop();
  });

  await t.test('over a state that is there only with --force, which keeps it', async (t) => {
    const kept = await ctl('restore', file);
    t.equal(kept.exitCode, 1);
    t.match(kept.stderr, /holds the state of a manager already.*HEC_STATE/);
    const forced = await ctl('restore', '--force', file, '-o', 'json');
    t.equal(forced.exitCode, 0, forced.stderr);
    const [aside = ''] = (JSON.parse(forced.stdout) as Restored).kept_aside;
    t.same((JSON.parse(forced.stdout) as Restored).kept_revocations, ['node beta'], 'it un-revokes nobody');
    t.ok(readdirSync(aside).includes('authority'));
    t.ok(
      (JSON.parse(forced.stdout) as Restored).epoch > report.epoch,
      'above what its agents refused it for',
    );
    writeFileSync(join(stateFolder, 'restore.unfinished'), 'as a crash leaves it\n');
    const half = await old.start().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    t.match(half, /a restore was interrupted/, 'no manager starts on half a state');
    t.equal((await ctl('restore', '--force', file)).exitCode, 0, 'repeated, it is whole');
    await old.start();
    const isBack = async () => /alpha +online/.test(await old.ctlOrThrow('list-nodes', '--no-legend'));
    await until(isBack, { what: 'alpha is back', timeoutMs: 60_000, intervalMs: 100 });
    t.equal((await old.ctl(['start', 'alpha', 'quick'])).exitCode, 0);
    t.match(await old.ctlOrThrow('node', 'list', '--no-legend'), /beta +revoked/);
  });
});
