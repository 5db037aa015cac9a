import { readFile } from 'node:fs/promises';

/** What the agent's unit is called when nothing tells otherwise. */
const defaultOwnUnit = 'hecate-agent.service';

/** The unit this process runs in, out of its control group; what stops it would stop the answer, too. */
export async function ownUnitName(path = '/proc/self/cgroup'): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const group = text.split('\n').find((line) => line.startsWith('0::')) ?? '';
  const services = group.split('/').filter((part) => /^[^/]+\.service$/.test(part));
  // user@1000.service holds all of a user's units; the last one is ours.
  const own = services.at(-1);
  return own === undefined || /^user@\d+\.service$/.test(own) ? defaultOwnUnit : own;
}
