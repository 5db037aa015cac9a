/** The source that is configured. */
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { PackageFormat } from '../core/package-name.ts';
import type { UpdateConfig } from '../core/update-config.ts';
import { aptSource } from './apt-source.ts';
import { directorySource } from './directory-source.ts';
import { gitSource } from './git-source.ts';
import type { UpdateSource } from './update-source.ts';

/** @throws HEC_CONFIG for apt on a host without it */
export function openSource(
  { source, keyring, stateDirectory }: UpdateConfig,
  format: PackageFormat,
  tell: (sentence: string) => void,
): UpdateSource {
  const scratch = join(stateDirectory, 'look');
  switch (source.kind) {
    case 'directory':
      return directorySource({ folder: source.place, format, scratch, keyring });
    case 'git':
      return gitSource({
        url: source.place,
        format,
        scratch,
        keyring,
        tell,
        repository: join(stateDirectory, 'git'),
      });
    case 'apt':
      if (format === 'deb') return aptSource();
      throw new HecateError(
        'HEC_CONFIG',
        'Source=apt on a host whose packages are rpms',
        'use directory: or git:',
      );
  }
}
