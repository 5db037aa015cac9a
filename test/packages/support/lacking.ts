import { execute } from '../../nodes/execute.ts';

/** @returns false when all of these commands are there; else the sentence that a skipped test shows */
export async function lacking(commands: readonly string[]): Promise<string | false> {
  const look = 'for name; do command -v "$name" >/dev/null || echo "$name"; done';
  const { stdout } = await execute(['sh', '-c', look, 'sh', ...commands]);
  const missing = stdout.trim().split('\n').filter(Boolean);
  return (
    missing.length > 0 && `missing ${missing.join(', ')} (as root: CI=true sh scripts/system-packages.sh)`
  );
}
