import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { skipUnless } from './fleet-for-test.ts';
import { fleetFolder, ownControlGroup, sweepDeadFleets } from './fleet-scope.ts';
import type { NodeKind } from './node.ts';
import { allPids, childPids, processIdentity } from './processes.ts';
import { until } from './until.ts';

// A booted fleet may have to make the base image.
const timeout = 600_000;
t.setTimeout(timeout);
// A folder of our own: another fleet that starts meanwhile on this machine would sweep what we want to find.
const folder = mkdtempSync(join(tmpdir(), 'hecate-crash-'));
process.env.HECATE_FLEET_FOLDER = folder;
t.teardown(() => rmSync(folder, { recursive: true }));
const skips = { user: await skipUnless('user'), booted: await skipUnless('booted') };

interface Living {
  pid: number;
  startTime: string;
}

/** All processes below `pid`, with what tells them from later ones of the same pid. */
function descendants(pid: number): Living[] {
  return childPids(pid).flatMap((child) => {
    const startTime = processIdentity(child)?.startTime;
    return startTime === undefined ? [] : [{ pid: child, startTime }, ...descendants(child)];
  });
}

const isAlive = ({ pid, startTime }: Living): boolean => processIdentity(pid)?.startTime === startTime;

/** Folders and control groups that bear the name of this owner. */
function leftovers(ownerPid: number): string[] {
  const folders = [fleetFolder(), ownControlGroup()].filter((folder) => folder !== undefined);
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith('hecate-fleet-') && name.split('-')[3] === String(ownerPid))
      .map((name) => join(folder, name)),
  );
}

function startOwner(kind: NodeKind, ...args: string[]): { owner: ChildProcess; pid: number } {
  const script = join(import.meta.dirname, 'fixtures', 'owner.ts');
  const owner = spawn(process.execPath, [script, kind, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (owner.pid === undefined) throw new Error('the owner could not be started');
  return { owner, pid: owner.pid };
}

const ends: readonly (NodeJS.Signals | 'exit')[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'exit'];
const kinds: readonly NodeKind[] = ['user', 'booted'];

for (const kind of kinds) {
  for (const end of ends) {
    t.test(
      `${kind} nodes whose owner ends by ${end} leave nothing`,
      { skip: skips[kind], timeout },
      async (t) => {
        const { owner, pid } = startOwner(kind, end);
        let family: Living[] = [];
        owner.stdout?.once('data', () => {
          family = descendants(pid);
          if (end !== 'exit') owner.kill(end);
        });
        await once(owner, 'exit');
        if (end !== 'exit') t.ok(family.length > 10, `the fleet was there: ${family.length} processes`);
        await until(() => !family.some(isAlive), { what: 'every process is gone', timeoutMs: 120_000 });
        await until(() => leftovers(pid).length === 0, { what: 'every folder and control group is gone' });
        t.pass('all gone');
      },
    );
  }

  t.test(
    `${kind} nodes whose owner is killed while they boot leave nothing`,
    { skip: skips[kind], timeout },
    async (t) => {
      const { owner, pid } = startOwner(kind);
      await until(() => leftovers(pid).length > 0 && descendants(pid).length > 3, {
        what: 'it has begun',
        intervalMs: 2,
      });
      const family = descendants(pid);
      owner.kill('SIGKILL');
      await until(() => !family.some(isAlive) && leftovers(pid).length === 0, { what: 'all is gone' });
      t.pass('all gone');
    },
  );

  t.test(
    `${kind} nodes whose owner and janitor were both killed are swept`,
    { skip: skips[kind], timeout },
    async (t) => {
      const { owner, pid } = startOwner(kind);
      await once(owner.stdout ?? owner, 'data');
      const family = descendants(pid);
      const isJanitor = (child: number) =>
        readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('janitor.sh');
      const janitor = childPids(pid).find(isJanitor);
      const names = readdirSync(folder);
      t.equal(names.length, 1);
      if (janitor === undefined) throw new Error('there is no janitor');
      process.kill(janitor, 'SIGKILL');
      owner.kill('SIGKILL');
      await once(owner, 'exit');
      await until(() => !family.some(isAlive), { what: 'the processes are gone without a janitor' });
      t.strictSame(readdirSync(folder), names, 'the folder is not');
      await sweepDeadFleets();
      t.strictSame(leftovers(pid), [], 'until the next fleet starts');
      t.ok(allPids().includes(process.pid), 'and whoever sweeps lives on');
    },
  );
}

t.test('a sweep leaves the fleets of the living alone', { skip: skips.user, timeout }, async (t) => {
  const { owner, pid } = startOwner('user');
  await once(owner.stdout ?? owner, 'data');
  const [family, names] = [descendants(pid), leftovers(pid)];
  t.strictSame(
    (await sweepDeadFleets()).filter((name) => name.includes(`-${pid}-`)),
    [],
  );
  t.ok(family.every(isAlive));
  t.strictSame(leftovers(pid), names);
  owner.kill('SIGKILL');
  await until(() => leftovers(pid).length === 0, { what: 'all is gone' });
});
