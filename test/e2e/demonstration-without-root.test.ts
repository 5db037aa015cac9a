/** The demonstration as most people first run it: without root, on a desktop with systemd. */
import t from 'tap';
import { fleetForTest, skipUnless } from '../nodes/fleet-for-test.ts';
import { makeDesktop, runAsOrdinaryUser } from '../nodes/ordinary-user.ts';

const skip = await skipUnless('booted');
// May have to make the base image.
const timeout = 600_000;
t.setTimeout(timeout);

t.test('the demonstration without root', { skip, timeout }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['desktop'] });
  const node = fleet.node('desktop');
  await makeDesktop(node);
  const result = await runAsOrdinaryUser(node, ['node', 'test/e2e/demonstration.test.ts'], {
    timeoutMs: 300_000,
  });
  t.equal(result.exitCode, 0, 'all that holds with root holds without', {
    output: result.stdout + result.stderr,
  });
  t.notMatch(result.stdout, '# SKIP', 'nothing was skipped');
  t.match(result.stdout, /ok \d+ - the demonstration/, 'it ran');
  const units = await runAsOrdinaryUser(node, [
    ...['systemctl', '--user', 'list-units', '--all', '--plain', '--no-legend'],
  ]);
  t.notMatch(units.stdout, /hecate-(demo|fleet)/, 'no scope is left');
  t.notMatch(await node.runOrThrow(['ls', '/tmp']), /hecate-(demo|fleet|shims)/, 'no folder is left');
});
