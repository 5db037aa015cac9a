import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { configJsonSchema } from '../../manager/src/config/config-schema.ts';

const root = resolve(import.meta.dirname, '../..');

/** manager/config.schema.json, for editors: `# yaml-language-server: $schema=…`. In the format of the house. */
export function generateConfigSchema(): string {
  const argv = ['format', '--stdin-file-path=manager/config.schema.json'];
  return execFileSync(resolve(root, 'node_modules/.bin/biome'), argv, {
    cwd: root,
    input: JSON.stringify(configJsonSchema(), null, 2),
    encoding: 'utf8',
  });
}
