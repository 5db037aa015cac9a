/**
 * Readable scripts: a fleet, what happens when, and what comes of it on the nodes. A file holds the script, a line
 * `---`, and the golden output. Nothing is left to chance.
 *
 *     node NAME ROLE [UNIT…] [off]        units are active where the host is on
 *     hangs NAME UNIT                     it does not stop before systemd's own limit of 90 s
 *     dead NAME                           it does not boot when it is woken
 *     at SECONDS shutdown|cluster-only|startup [within SECONDS]
 *     at SECONDS kill manager|NAME for SECONDS
 *     at SECONDS cut NAME for SECONDS
 *     at SECONDS abort
 *     until SECONDS                       default: 60 s after the last run has ended
 *
 * Of power: power-scenario.ts.
 */
import { makeOpId, parseNodeName } from '@hecate/proto/core/names.ts';
import { compilePlan } from '../../manager/src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../manager/src/core/plan/default-sequences.ts';
import type { Inventory, InventoryNode, NodeRole } from '../../manager/src/core/plan/inventory.ts';
import { unitsOf } from '../../manager/src/core/plan/node-units.ts';
import type { Plan, PlanMode } from '../../manager/src/core/plan/plan.ts';
import { nodeRoles } from '../../manager/src/core/plan/select-nodes.ts';
import type { RunId } from '../../manager/src/core/runs/run.ts';
import { ForwardPlay } from './forward-scenario.ts';
import { noPower, PowerPlay, parsePowerLine, type ScenarioPower } from './power-scenario.ts';
import { Faults } from './runs-faults.ts';
import type { Fleet } from './runs-fleet.ts';
import { noMutation } from './runs-mutation.ts';
import { SimulationWorld } from './runs-world.ts';

interface Script {
  readonly inventory: Inventory;
  readonly off: ReadonlySet<string>;
  readonly hanging: ReadonlySet<string>;
  readonly dead: ReadonlySet<string>;
  readonly acts: readonly { readonly atMs: number; readonly words: readonly string[] }[];
  readonly untilMs: number | undefined;
  readonly power: ScenarioPower;
}

const place = { key: 'scenario', line: 0 };
const runMaxMs = 3_600_000;
const afterMs = 60_000;
const heading = '---\n';

/** @returns the file as it should be: its script, and what comes of it. @throws Error naming a line that is no script */
export async function playScenario(text: string): Promise<string> {
  const [source = ''] = text.split(heading);
  return `${source}${heading}${(await outputOf(parse(source))).join('\n')}\n`;
}

function parse(source: string): Script {
  const nodes: InventoryNode[] = [];
  const off = new Set<string>();
  const hanging = new Set<string>();
  const dead = new Set<string>();
  const acts: { atMs: number; words: string[] }[] = [];
  const power = noPower();
  let untilMs: number | undefined;
  for (const line of source.split('\n')) {
    const words = line.trim().split(/\s+/);
    const [first = '', second = ''] = words;
    if (first === '' || first.startsWith('#')) continue;
    if (first === 'node') {
      if (words.at(-1) === 'off') off.add(second);
      nodes.push(nodeOf(words.filter((word) => word !== 'off').slice(1), nodes.length, line));
    } else if (first === 'hangs') hanging.add(`${second} ${words[2]}`);
    else if (first === 'dead') dead.add(second);
    else if (first === 'at') acts.push({ atMs: secondsOf(second, line), words: words.slice(2) });
    else if (first === 'until') untilMs = secondsOf(second, line);
    else if (!parsePowerLine(power, words)) throw new Error(`no such line in a scenario: ${line}`);
  }
  const coordinator = nodes.find(({ role }) => role === 'coordinator')?.name;
  const inventory = { site: 'scenario', coordinator, nodes, hooks: [] };
  return { inventory, off, hanging, dead, acts, untilMs, power };
}

function secondsOf(text: string, line: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds)) throw new Error(`expected seconds, found ${text}: ${line}`);
  return seconds * 1000;
}

function nodeOf(
  [name = '', role = '', ...units]: readonly string[],
  index: number,
  line: string,
): InventoryNode {
  const known = nodeRoles.find((each): each is NodeRole => each === role);
  if (!known) throw new Error(`no role ${role}: ${line}`);
  return {
    name: parseNodeName(name),
    role: known,
    dependsOn: [],
    units,
    macAddress: `02:00:00:00:00:${String(index).padStart(2, '0')}`,
    wakeAddress: '255.255.255.255',
    address: `10.0.0.${index}`,
    probePort: 22,
    place,
  };
}

function planOf(inventory: Inventory, name: string, mode: PlanMode): Plan {
  const sequence = defaultSequences(inventory).find((each) => each.name === name);
  const compiled = sequence && compilePlan({ inventory, sequence, mode });
  if (!compiled?.plan) throw new Error(compiled?.findings[0]?.message ?? `no sequence ${name}`);
  return compiled.plan;
}

async function outputOf(script: Script): Promise<string[]> {
  const { inventory, off, hanging, dead, acts, untilMs, power } = script;
  const base = { mutation: noMutation, isVerbose: true, hanging, dead, random: () => 0.5 };
  const options = { ...base, crashKeeps: 'nothing' as const };
  const Play = power.forwarder ? ForwardPlay : PowerPlay;
  const play = power.upses.length > 0 ? new Play(inventory, power, options) : undefined;
  const world = play?.power.world ?? new SimulationWorld(1, { ...options, fleet: fleetOf(inventory) });
  for (const [name, host] of world.hosts) host.assume(!off.has(name), 'active');
  if (play) play.begin();
  else world.begin();
  const faults = new Faults(world, 0);
  const { time, checkers } = world;
  const runUntil = async (atMs: number) => (play ? play.power.runUntil(atMs) : time.runUntil(atMs));
  for (const { atMs, words } of acts) {
    await runUntil(Math.max(time.nowMs, atMs));
    if (!play?.act(words)) act(world, faults, words);
  }
  await runUntil(time.nowMs + 1);
  const isOver = () => checkers.runs.size > 0 && [...checkers.runs.values()].every(({ isEnded }) => isEnded);
  while (untilMs === undefined && !isOver() && time.nowMs < runMaxMs) await runUntil(time.nowMs + 100);
  await runUntil(untilMs ?? time.nowMs + afterMs);
  return world.lines.flatMap(told);
}

const fleetOf = (inventory: Inventory): Fleet => ({
  inventory,
  units: new Map(inventory.nodes.map((node) => [node.name, unitsOf(node)])),
  shutdown: planOf(inventory, 'shutdown', 'poweroff'),
  clusterOnly: planOf(inventory, 'shutdown', 'cluster-only'),
  startup: planOf(inventory, 'startup', 'poweroff'),
  sequence: undefined,
});

function act(world: SimulationWorld, faults: Faults, words: readonly string[]): void {
  const { fleet, manager, checkers, time } = world;
  const [verb = '', whom = '', , seconds = '0'] = words;
  const forMs = secondsOf(seconds, words.join(' '));
  const plans = { shutdown: fleet.shutdown, 'cluster-only': fleet.clusterOnly, startup: fleet.startup };
  const asked = Object.entries(plans).find(([name]) => name === verb)?.[1];
  if (asked) request(world, asked, whom === 'within' ? secondsOf(words[2] ?? '', verb) : undefined);
  else if (verb === 'abort') manager.abort([...checkers.runs.keys()].at(-1) ?? ('' as RunId));
  else if (verb === 'cut') faults.cut(world.agentOf(parseNodeName(whom)), forMs, false);
  else if (verb === 'kill' && whom === 'manager') {
    manager.kill();
    world.endSessionsOf(manager);
    time.after(forMs, () => manager.start());
  } else if (verb === 'kill') {
    const agent = world.agentOf(parseNodeName(whom));
    agent.kill();
    time.after(forMs, () => agent.start());
  } else throw new Error(`no such act in a scenario: ${words.join(' ')}`);
}

function request(world: SimulationWorld, plan: Plan, timeLimitMs: number | undefined): void {
  world.log(`asks for ${plan.name} (${plan.mode})${timeLimitMs ? ` within ${timeLimitMs / 1000} s` : ''}`);
  const wallMs = world.wallMs();
  const asked = {
    runId: makeOpId(wallMs, new Uint8Array(10)) as string as RunId,
    plan,
    planDigest: plan.name,
    isRehearsal: false,
    reason: '',
    requestedBy: 'the scenario',
    requestedFrom: '',
    requestedWallMs: wallMs,
    triggerId: '',
    timeLimitMs,
    learntMs: {},
  };
  world.manager.request(asked, false);
}

/** What a reader wants to see of a line of the log. */
function told(line: string): string[] {
  const at = Number(line.slice(0, 9)).toFixed(1).padStart(7);
  const text = line.slice(10).replace(/ [0-9A-Z]{9}$/, '');
  // A line of another site begins with its name.
  const [, site = '', json] = /^(\S+: )?run \S+ (\{.*\})$/.exec(text) ?? [];
  if (json === undefined) return [`${at}  ${text.replace(/accepted run \S+/, 'accepted:')}`.trimEnd()];
  const event = JSON.parse(json) as Readonly<Record<string, string>>;
  const { type, stepId, name, what, why, outcome } = event;
  const words: Readonly<Record<string, string>> = {
    'step-begun': `step ${stepId}: ${name}`,
    'method-failed': `step ${stepId}, its next method: ${why}`,
    degraded: `degraded: ${what}: ${why}`,
    'run-resumed': 'the run is resumed',
    'run-ended': `the run is over: ${outcome}${why ? `, ${why}` : ''}`,
  };
  return [`${at}  ${site}${(words[type ?? ''] ?? type ?? '').replaceAll(/run [0-9A-Z]{26}/g, 'a run')}`];
}
