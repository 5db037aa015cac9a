import { ordinaryUser } from './base-image.ts';
import type { BootedNode } from './booted-node.ts';
import type { ExecuteOptions, ExecuteResult } from './execute.ts';

/**
 * Makes a booted node what an ordinary desktop is to a user without root: a user manager that is running, and a
 * /proc with nothing mounted over it. (systemd-nspawn hides parts of /proc, and the kernel then refuses a fresh
 * one to user namespaces, which no desktop does.)
 */
export async function makeDesktop(node: BootedNode): Promise<void> {
  const uncover = `while read -r _ _ _ _ point _; do
  case $point in /proc/*) echo "$point" ;; esac
done < /proc/self/mountinfo | sort -r | while read -r point; do umount -l "$point" 2>/dev/null || true; done`;
  await node.runOrThrow(['sh', '-c', uncover]);
  await node.runOrThrow(['loginctl', 'enable-linger', ordinaryUser]);
}

/** Runs a command on a booted node as the ordinary user, in a logind session of its own, in the repository. */
export function runAsOrdinaryUser(
  node: BootedNode,
  argv: readonly string[],
  options: ExecuteOptions = {},
): Promise<ExecuteResult> {
  const path = `PATH=${node.repository}/node_modules/.bin:/usr/bin:/bin`;
  const session = ['--pipe', '--wait', '--quiet', `--uid=${ordinaryUser}`, '-p', 'PAMName=login'];
  const { cwd = node.repository, ...rest } = options;
  return node.run(['systemd-run', ...session, '-p', `WorkingDirectory=${cwd}`, '-E', path, ...argv], rest);
}
