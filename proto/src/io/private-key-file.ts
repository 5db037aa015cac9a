import { readFileSync, statSync } from 'node:fs';
import { HecateError } from '../core/errors.ts';

/** @throws HEC_STATE, naming the file */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError(
      'HEC_STATE',
      `${path} cannot be read: ${why}`,
      'check its owner and permissions',
      error,
    );
  }
}

/** Reads a private key, unless others than its owner could have. @throws HEC_STATE, naming the file */
export function readPrivateKey(path: string): string {
  const text = readText(path);
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return text;
  throw new HecateError(
    'HEC_STATE',
    `${path} is a private key with permissions ${mode.toString(8)}: others can read it; expected 600`,
    `chmod 600 ${path}; if somebody else may have read it, revoke it and make a new one`,
  );
}
