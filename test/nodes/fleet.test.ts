import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { canRunBootedNodes, canRunUserNodes } from './capabilities.ts';
import { startFleet } from './fleet.ts';
import { fleetForTest, keepEvidence, resultsFolder, skipUnless } from './fleet-for-test.ts';
import { until } from './until.ts';

t.setTimeout(600_000);
const skip = await skipUnless('user');
const skipBooted = await skipUnless('booted');

t.test('names: unique, fit for host names, not too many', async (t) => {
  const start = (names: string[]) => startFleet({ kind: 'user', names });
  await t.rejects(start(['a', 'a']), /unique/);
  await t.rejects(start(['Ünsinn']), /unique and match/);
  await t.rejects(start(['../etc']), /match/);
  await t.rejects(start([]), /1 to 64 nodes, not 0/);
  await t.rejects(startFleet({ kind: 'user', count: 65 }), /not 65/);
});

t.test('what is missing is said', async (t) => {
  const { PATH } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = '/nonexistent';
  for (const capability of [await canRunUserNodes(), await canRunBootedNodes()]) {
    // Folders that are searched anyway may have everything on some distributions: not on those we know.
    t.equal(capability.ok, false);
    t.match(capability, { why: /nodes: (missing .*unshare.*system-packages|they need)/ });
  }
});

t.test('an unknown node is an error that names those there are', { skip }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'user', names: ['alpha'], boot: false });
  t.throws(() => fleet.node('beta'), /no node beta; it has alpha/);
});

t.test(
  'a node that cannot boot is an error with its last words, and nothing is left',
  { skip },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'hecate-not-executable-'));
    t.teardown(() => rm(folder, { recursive: true }));
    const fleet = await fleetForTest(t, { kind: 'user', names: ['alpha'], boot: false });
    const node = fleet.node('alpha');
    await rm(join(node.stateFolder, 'machine-id'));
    await t.rejects(node.boot(), /alpha ended while it booted; its console said last: .*machine-id/s);
    t.equal(node.isUp(), false);
  },
);

for (const kind of ['user', 'booted'] as const) {
  t.test(
    `evidence of a failed test: ${kind} nodes`,
    { skip: kind === 'user' ? skip : skipBooted },
    async (t) => {
      const names = ['alpha', 'beta'];
      const fleet = kind === 'user' ? await startFleet({ kind, names }) : await startFleet({ kind, names });
      t.teardown(() => fleet.destroy());
      const node = fleet.node('alpha');
      await node.writeFile(
        `${node.unitFolder}/broken.service`,
        '[Service]\nExecStart=sh -c "echo the reason; exit 9"\n',
      );
      await node.systemctl('daemon-reload');
      await node.systemctl('start', 'broken');
      await until(async () => (await node.systemctl('is-failed', 'broken')).exitCode === 0, {
        what: 'it has failed',
      });
      await fleet.node('beta').poweroff();

      const comment = () => {};
      const fullname = `evidence > of: ${kind}`;
      await keepEvidence({ fullname, comment, passing: () => false }, fleet);
      const folder = join(resultsFolder, `evidence-of-${kind}`);
      t.teardown(() => rm(folder, { recursive: true, force: true }));
      const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
      t.match(
        read('alpha', 'journal.txt'),
        /the reason[\s\S]*broken.service: Failed with result 'exit-code'/,
      );
      t.match(read('alpha', 'units.txt'), /broken.service\s+loaded\s+failed/);
      t.match(read('alpha', 'processes.txt'), 'systemd');
      t.match(read('beta', 'journal.txt'), /systemd/, 'of a node that is off, too');

      await keepEvidence({ fullname, comment, passing: () => true }, fleet);
      t.notOk(existsSync(folder), 'a test that passes keeps nothing, not even of its last failure');
    },
  );
}
