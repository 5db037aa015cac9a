/** Whether this host has come up on what is installed: its services stay up, and nothing fails that did not before. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asHecateError, errorTable } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { isManagerAway, judgeSite, type SiteView, type Verdict } from '../core/health-verdict.ts';
import { eventAtManager, failedChecks, otherNodes } from './manager-questions.ts';
import { lastLines, runCommand, runOrThrow } from './run-command.ts';
import { type ServiceName, type ServiceState, serviceStates } from './services.ts';

/** How things stood before anything was changed. */
export interface HealthBefore {
  /** Those that are to be up. */
  readonly services: ReadonlySet<ServiceName>;
  /** As its manager sees it; of a host without one, nothing. */
  readonly site: SiteView;
  /** Whether `hecate-agent check` found everything well. */
  readonly isAgentGood: boolean;
  /** Whether it had a session with a manager: an agent that no manager hears is none. */
  readonly isAgentConnected: boolean;
}

/** The name of the last start of each service. */
export type ServiceStarts = ReadonlyMap<ServiceName, string>;

export const serviceStarts = async (): Promise<ServiceStarts> =>
  new Map((await serviceStates()).map(({ name, invocationId }) => [name, invocationId]));

/** So long they must stay up: a program that ends at once is started again every second. */
const settleMs = 10_000;
const lookIntervalMs = 1000;
const agentProgram = '/usr/bin/hecate-agent';

const isConnected = ({ name, status }: ServiceState): boolean =>
  name === 'hecate-agent.service' && status.startsWith('connected to');

async function agentTrouble(): Promise<Verdict | undefined> {
  if (!existsSync(agentProgram)) return undefined;
  const { exitCode, stdout, stderr } = await runCommand([agentProgram, 'check']);
  if (exitCode === 0) return undefined;
  const why = `hecate-agent check: ${lastLines(stdout + stderr)}`;
  return { why, isElsewhere: isManagerAway(stdout) };
}

/** All nodes, this host's own included. */
async function siteView(): Promise<SiteView> {
  const failed = await failedChecks();
  const nodes = await otherNodes('');
  const online = nodes.filter(({ isOnline }) => isOnline).map(({ node }) => node);
  return { failedChecks: failed, onlineNodes: new Set(online) };
}

const unseen: SiteView = { failedChecks: new Map(), onlineNodes: new Set() };

export async function healthBefore(): Promise<HealthBefore> {
  // Neither stopped by somebody nor never begun: also one that fails and is started again is to be up.
  const states = await serviceStates();
  const wanted = states.filter(({ words }) => !words.startsWith('inactive'));
  const services = new Set(wanted.map(({ name }) => name));
  const hasManager = services.has('hecate-manager.service');
  const site = hasManager ? await siteView().catch(() => unseen) : unseen;
  const isAgentGood = services.has('hecate-agent.service') && (await agentTrouble()) === undefined;
  return {
    services,
    site,
    isAgentGood,
    isAgentConnected: states.some(isConnected),
  };
}

/**
 * Packages start their services again; one that they did not is started again here.
 * @param starts of each service, from before they were installed
 * @throws HEC_STATE
 */
export async function startAgain({ services }: HealthBefore, starts: ServiceStarts): Promise<void> {
  for (const { name, invocationId } of await serviceStates()) {
    if (services.has(name) && starts.get(name) === invocationId)
      await runOrThrow(['systemctl', 'restart', '--no-block', name]);
  }
}

/** Why a host has not come up. */
export interface Trouble extends Verdict {
  /** The manager ends as one does that cannot read its state: damaged by its lights, or of a newer release. */
  readonly isStateRefused: boolean;
}

const unsteady: Verdict = { why: 'its services do not stay up', isElsewhere: false };

const refusals: readonly number[] = (['HEC_STATE', 'HEC_VERSION'] as const).map(
  (code) => exitCodes[errorTable[code].exit].code,
);

/** Seen between two of its starts. */
const isRefusal = ({ name, exitStatus }: ServiceState): boolean =>
  name === 'hecate-manager.service' && refusals.includes(exitStatus);

/** @returns undefined: it has come up within the limit */
export async function troubleAfter(before: HealthBefore, timeLimitMs: number): Promise<Trouble | undefined> {
  const deadlineMs = performance.now() + timeLimitMs;
  let steadySinceMs = performance.now();
  let starts = '';
  let hasRefused = false;
  for (;;) {
    const states = (await serviceStates()).filter(({ name }) => before.services.has(name));
    const nowStarts = states.map(({ invocationId }) => invocationId).join(' ');
    const down = states.find(({ isActive }) => !isActive);
    if (down || nowStarts !== starts) steadySinceMs = performance.now();
    starts = nowStarts;
    const trouble = down
      ? { why: `${down.name} is ${down.words}`, isElsewhere: false }
      : await deeperTrouble(before, states);
    const steadyMs = performance.now() - steadySinceMs;
    if (!trouble && steadyMs >= Math.min(settleMs, timeLimitMs / 2)) return undefined;
    if (states.some(isRefusal)) hasRefused = true;
    const isStateRefused = hasRefused && down?.name === 'hecate-manager.service';
    if (performance.now() >= deadlineMs) return { ...(trouble ?? unsteady), isStateRefused };
    await sleep(lookIntervalMs);
  }
}

async function deeperTrouble(
  before: HealthBefore,
  states: readonly ServiceState[],
): Promise<Verdict | undefined> {
  try {
    if (states.some(({ name }) => name === 'hecate-manager.service')) {
      const verdict = judgeSite(before.site, await siteView(), await eventAtManager());
      if (verdict) return verdict;
    }
    const found = before.isAgentGood ? await agentTrouble() : undefined;
    const agent = states.find(({ name }) => name === 'hecate-agent.service');
    if (!before.isAgentConnected || !agent || isConnected(agent)) return found;
    const why = `${agent.name} has no session with a manager: ${agent.status}`;
    // Where something answers in the manager's place, it is the agent that does not come to terms with it.
    return { why, isElsewhere: found?.isElsewhere ?? false };
  } catch (thrown) {
    return { why: asHecateError(thrown).message, isElsewhere: false };
  }
}
