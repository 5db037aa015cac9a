import t from 'tap';
import { fleetForTest, skipUnless } from './fleet-for-test.ts';
import { makeDesktop, runAsOrdinaryUser } from './ordinary-user.ts';

const skip = await skipUnless('booted');
// May have to make the base image.
const timeout = 600_000;
t.setTimeout(timeout);

t.test(
  'user-mode nodes keep all their promises without root, on a desktop with systemd',
  { skip, timeout },
  async (t) => {
    const fleet = await fleetForTest(t, { kind: 'booted', names: ['desktop'] });
    const node = fleet.node('desktop');
    await makeDesktop(node);
    t.equal((await runAsOrdinaryUser(node, ['id', '-u'])).stdout, '1000\n');

    for (const file of ['user-node.test.ts', 'user-node-network.test.ts']) {
      const result = await runAsOrdinaryUser(node, ['node', `test/nodes/${file}`], { timeoutMs: 300_000 });
      const comment = `${file} on the desktop`;
      t.equal(result.exitCode, 0, comment, { output: result.stdout + result.stderr });
      t.notMatch(result.stdout, '# SKIP', `${comment}: nothing was skipped`);
      t.match(result.stdout, /^# \{ total: \d+, pass: \d+ \}$/m, `${comment}: it ran`);
    }
    const units = await runAsOrdinaryUser(node, [
      'systemctl',
      '--user',
      'list-units',
      '--all',
      '--plain',
      '--no-legend',
    ]);
    t.notMatch(units.stdout, 'hecate-fleet', 'no scope is left');
    t.notMatch(await node.runOrThrow(['ls', '/tmp']), 'hecate-fleet', 'no folder is left');
  },
);
