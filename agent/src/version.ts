import { readFileSync } from 'node:fs';

/** Set by the build, because a bundle stands elsewhere than its package. */
declare const HECATE_VERSION: string | undefined;

export const softwareVersion =
  typeof HECATE_VERSION === 'string'
    ? HECATE_VERSION
    : (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
        .version;
