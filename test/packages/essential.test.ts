/** The essential tests of command line, faults and trust, on the programs as they are in the packages. */
import { join } from 'node:path';
import t from 'tap';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { lacking } from './support/lacking.ts';

const timeout = 290_000;
t.setTimeout(timeout);
const skip = (await lacking(['strip', 'dpkg-deb'])) || (await skipUnless('user'));

t.test('npm run test:packaged -- --essential', { skip, timeout }, async (t) => {
  const script = join(repositoryFolder, 'scripts/test-packaged.ts');
  const { exitCode, stdout, stderr } = await execute([process.execPath, script, '--essential'], {
    timeoutMs: timeout,
  });
  t.equal(exitCode, 0, `${stdout}${stderr}`.slice(-4000));
  t.match(stdout, /^ok {2}\[\d\/\d\] test\/e2e\/identities\.test\.ts/m);
  t.match(stdout, /\n\d+ passed, 0 failed\n$/);
});
