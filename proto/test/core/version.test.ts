import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { softwareVersion } from '../../src/core/version.ts';

const root = join(import.meta.dirname, '..', '..', '..');

t.test('the version is that of every package', async (t) => {
  for (const file of [
    'lerna.json',
    'package.json',
    ...['proto', 'agent', 'manager', 'ctl'].map((name) => `${name}/package.json`),
  ]) {
    const { version } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { version: string };
    t.equal(version, softwareVersion, file);
  }
});
