/** What is asked of the manager of this host, through hecatectl and its socket. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import type { SiteNode } from '../core/site-update.ts';
import { lastLines, runCommand } from './run-command.ts';

const settings = '/etc/hecate/hecate.yaml';

async function ask(...args: string[]): Promise<unknown> {
  const argv = ['hecatectl', ...args, '--config', settings, '-o', 'json'];
  const { stdout, stderr } = await runCommand(argv);
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(lastLines(stderr) || `hecatectl ${args.join(' ')} has said nothing`);
  }
}

interface Power {
  readonly upses: readonly { readonly name: string; readonly state: string; readonly sentence: string }[];
}

interface Run {
  readonly run_id: string;
  readonly plan: string;
  readonly state: string;
}

/** `recover`: mains is back and the site is still down; the rest is on battery, triggered, or not known (I12). */
const goodPowerStates: ReadonlySet<string> = new Set(['online']);
const goingOn: ReadonlySet<string> = new Set(['running', 'aborting', 'accepted']);

/** A run that goes on, or the first UPS in a state that counts, in a sentence; empty: neither. */
async function runOrUps(counts: (state: string) => boolean): Promise<string> {
  const runs = (await ask('runs', 'list')) as readonly Run[];
  const run = runs.find(({ state }) => goingOn.has(state));
  if (run) return `run ${run.run_id} (${run.plan}) goes on`;
  const { upses } = (await ask('power', 'status')) as Power;
  return upses.find(({ state }) => counts(state))?.sentence ?? '';
}

/** What speaks against changing anything just now, in a sentence; empty: nothing. What is not known speaks against it. */
export async function hindranceOfManager(): Promise<string> {
  try {
    return await runOrUps((state) => !goodPowerStates.has(state));
  } catch (thrown) {
    return `whether a run goes on is not known: ${asHecateError(thrown).message}`;
  }
}

const batteryStates: ReadonlySet<string> = new Set([
  'on-battery',
  'pending',
  'blind-on-battery',
  'triggered',
  'committed',
  'hosts-off',
  'recover',
]);

/**
 * A run or an outage that is known to go on, in a sentence; empty: none. A UPS that does not answer is none: that may be
 * a fault of who asks it.
 * @throws Error when the manager does not answer
 */
export const eventAtManager = (): Promise<string> => runOrUps((state) => batteryStates.has(state));

/** Names of the checks of `hecatectl health` that do not hold. @throws Error when the manager does not answer */
export async function failedChecks(): Promise<ReadonlyMap<string, string>> {
  const { checks } = (await ask('health')) as {
    checks: readonly { name: string; is_passed: boolean; detail: string }[];
  };
  return new Map(checks.filter(({ is_passed }) => !is_passed).map(({ name, detail }) => [name, detail]));
}

interface Node {
  readonly node: string;
  readonly connection: string;
  readonly boot_id: string | null;
  readonly agent_version: string | null;
}

/** All nodes but the one that this host is. @param bootId of this host */
export async function otherNodes(bootId: string): Promise<readonly SiteNode[]> {
  const nodes = (await ask('list-nodes')) as readonly Node[];
  return nodes
    .filter(({ boot_id }) => boot_id !== bootId)
    .map(({ node, connection, agent_version }) => ({
      node,
      isOnline: connection === 'online',
      version: agent_version ?? '',
    }));
}

export interface UnitOnNode {
  readonly activeState: string;
  readonly result: string;
}

interface Shown {
  readonly properties?: Readonly<Record<string, { readonly value?: unknown }>>;
}

/** @throws Error while the node cannot be asked */
export async function unitOnNode(node: string, unit: string): Promise<UnitOnNode> {
  const [shown] = (await ask('show', node, unit, '-p', 'ActiveState,Result')) as readonly Shown[];
  const properties = shown?.properties;
  if (!properties) throw new Error(`${node} does not tell of ${unit}`);
  const text = (name: string): string => String(properties[name]?.value ?? '');
  return { activeState: text('ActiveState'), result: text('Result') };
}

/** @returns why it could not be begun; empty: it is on its way, or over. What became of it the unit tells. */
export async function startUnitOnNode(node: string, unit: string, timeLimitMs: number): Promise<string> {
  const argv = ['hecatectl', 'start', node, unit, '--config', settings, '--timeout', `${timeLimitMs}ms`];
  const { exitCode, stderr, stdout } = await runCommand(argv, { timeLimitMs: timeLimitMs + 30_000 });
  // refused, offline, no such node or unit, a manager at its limit: nothing was applied (the table of exit codes).
  return [2, 4, 69, 75, 77].includes(exitCode) ? lastLines(stderr || stdout) : '';
}
