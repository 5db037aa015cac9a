import { fstatSync } from 'node:fs';
import { getBuiltinModule } from 'node:process';

/** Whether somebody looks at it, or types. node:tty is loaded only for a character device: it costs 2 ms. */
export function isTerminal(descriptor: number): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    // Closed: `hecatectl list-nodes >&-`.
    return false;
  }
  return getBuiltinModule('node:tty').isatty(descriptor);
}
