/** The checkers of Debian and of rpm's distributions find nothing in the packages that has no reason, written down. */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { execute } from '../nodes/execute.ts';
import { repositoryFolder } from '../nodes/user-node.ts';
import { lacking } from './support/lacking.ts';

const timeout = 290_000;
t.setTimeout(timeout);

const skip = await lacking(['strip', 'dpkg-deb', 'rpmbuild', 'lintian', 'rpmlint']);

t.test('lintian and rpmlint', { skip, timeout }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-packages-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(repositoryFolder, 'scripts/package.ts');
  const built = await execute([process.execPath, script, '--quick', '--output', folder], {
    timeoutMs: timeout,
  });
  t.equal(built.exitCode, 0, built.stderr);
  const packages = (format: string): string[] => globSync(join(folder, `*.${format}`));

  // What is found and let pass: packaging/deb/NAME.lintian-overrides, packaging/rpm/rpmlint.toml.
  const lintian = ['lintian', '--allow-root', '--fail-on', 'error,warning', '--tag-display-limit', '0'];
  const debian = await execute([...lintian, ...packages('deb')], { timeoutMs: timeout });
  t.equal(debian.stdout.trim(), '', `lintian ${debian.stderr}`);
  t.equal(debian.exitCode, 0, 'lintian');
  const config = join(repositoryFolder, 'packaging/rpm/rpmlint.toml');
  const rpm = await execute(['rpmlint', '--config', config, ...packages('rpm')], { timeoutMs: timeout });
  t.match(rpm.stdout, / 0 errors, 0 warnings/, `rpmlint ${rpm.stdout}`);
});
