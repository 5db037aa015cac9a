/** `hecatectl power status` and `explain`: what is known and decided of every UPS, as the wire has it. */
import {
  createMeasure,
  createNodePower,
  createPowerAlert,
  createPowerBudget,
  createPowerReport,
  createPowerStartup,
  createPowerTrigger,
  createUpsReport,
  type Measure,
  type PowerForward,
  type PowerPeer,
  type PowerReport,
  type PowerTrigger,
  type UpsReport,
} from '@hecate/proto/generated/wire.ts';
import type { PlanMode } from '../core/plan/plan.ts';
import type { SiteStartup } from '../core/power/site/site-startup.ts';
import { explainUps } from '../core/power/ups/power-sentence.ts';
import type { UpsConfig } from '../core/power/ups/ups-config.ts';
import { thresholdFor } from '../core/power/ups/ups-estimate.ts';
import { outlookOf } from '../core/power/ups/ups-outlook.ts';
import type { FedNode } from './power-service.ts';
import type { SiteBudget } from './site-shutdown.ts';
import type { WatchedUps } from './watched-ups.ts';

export interface PowerQuestion {
  readonly upses: readonly WatchedUps[];
  readonly budget: SiteBudget;
  readonly nodes: readonly FedNode[];
  readonly mode: PlanMode;
  readonly startup: SiteStartup;
  readonly forwards: readonly PowerForward[];
  readonly peers: readonly PowerPeer[];
  readonly nowMs: number;
  upsConfig(name: string): UpsConfig;
}

/** The report is one frame. */
const sentenceLengthMax = 4000;
const listMax = 64;

/** The wire's integers have 32 bits. */
const wireMs = (durationMs: number): number => Math.min(2 ** 32 - 1, Math.max(0, Math.round(durationMs)));

const measure = (value: number | undefined): Measure | undefined =>
  value === undefined ? undefined : createMeasure({ value });

export function powerReport(question: PowerQuestion): PowerReport {
  const { upses, budget, mode, nodes, startup, forwards, peers } = question;
  return createPowerReport({
    upses: upses.map((ups) => upsReport(ups, question)),
    budget: createPowerBudget({
      budgetMs: wireMs(budget.budgetMs),
      source: budget.source,
      samples: budget.samples,
      powerOffMs: wireMs(Math.max(0, ...budget.tails.map(({ tailMs }) => tailMs))),
      warning: budget.warning,
      boundMs: wireMs(budget.boundMs),
    }),
    mode,
    startup: createPowerStartup({ ...startup, sentence: startup.sentence.slice(0, sentenceLengthMax) }),
    forwards: forwards.slice(0, listMax),
    peers: peers.slice(0, listMax),
    nodes: nodes.map(({ node, feeds, minFeeds, runtimeMs }) =>
      createNodePower({ node, feeds: [...feeds], minFeeds, runtimeMs: measure(runtimeMs) }),
    ),
  });
}

function upsReport(ups: WatchedUps, { upsConfig, nowMs, nodes }: PowerQuestion): UpsReport {
  const { declaration, runner } = ups;
  const { name, nutName, host, port } = declaration;
  const { state } = runner;
  const config = upsConfig(name);
  const { source, leftMs, slackMs, triggerInMs } = outlookOf(state, config, nowMs);
  const threshold = thresholdFor(state, config);
  const { reading } = state;
  const isHeard = state.silentSinceMs === undefined;
  return createUpsReport({
    name,
    address: `${nutName}@${host.includes(':') ? `[${host}]` : host}:${port}`,
    phase: state.phase,
    phaseAgeMs: wireMs(nowMs - state.phaseSinceMs),
    flags: isHeard ? [...(reading?.flags ?? [])] : [],
    chargePercent: measure(isHeard ? reading?.chargePercent : undefined),
    loadPercent: measure(isHeard ? reading?.loadPercent : undefined),
    inputVoltage: measure(isHeard ? reading?.inputVoltage : undefined),
    batteryVoltage: measure(isHeard ? reading?.batteryVoltage : undefined),
    toldRuntimeMs: measure(isHeard ? reading?.runtimeMs : undefined),
    believedRuntimeMs: measure(leftMs),
    source,
    thresholdMs: wireMs(threshold.thresholdMs),
    slackMs: Math.round(slackMs ?? 0),
    triggerInMs: measure(triggerInMs),
    dataAgeMs: measure(state.lookAtMs === undefined ? undefined : Math.max(0, nowMs - state.lookAtMs)),
    silence: state.silentSinceMs === undefined ? '' : state.silence || 'no answer',
    inhibition: state.inhibition,
    sentence: explainUps(state, config, nowMs),
    alerts: Object.entries(runner.alerts).map(([key, { level, sentence }]) =>
      createPowerAlert({ key, level, sentence }),
    ),
    trigger: triggerReport(ups, nowMs),
    nodes: nodes.filter(({ feeds }) => feeds.includes(name)).map(({ node }) => node),
  });
}

function triggerReport({ runner, refusal }: WatchedUps, nowMs: number): PowerTrigger | undefined {
  const { trigger } = runner.state;
  if (trigger === undefined) return undefined;
  const { triggerId, cause, sentence, atMs } = trigger;
  const runId = runner.run?.triggerId === triggerId ? runner.run.runId : '';
  return createPowerTrigger({
    triggerId,
    cause,
    sentence,
    ageMs: wireMs(nowMs - atMs),
    runId,
    trouble: runId === '' ? refusal : '',
  });
}
