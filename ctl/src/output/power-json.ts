/** The stable form of power under `-o json`: ctl/schema/power.json. */
import type { Measure, PowerReport, UpsReport } from '@hecate/proto/generated/wire.ts';
import { orNull } from './outcome-json.ts';

const numberOf = (measure: Measure | undefined): number | null => measure?.value ?? null;

const upsJson = (ups: UpsReport): Record<string, unknown> => ({
  name: ups.name,
  address: ups.address,
  state: ups.phase,
  state_age_ms: ups.phaseAgeMs,
  status: ups.flags,
  charge_percent: numberOf(ups.chargePercent),
  load_percent: numberOf(ups.loadPercent),
  input_voltage: numberOf(ups.inputVoltage),
  battery_voltage: numberOf(ups.batteryVoltage),
  told_runtime_ms: numberOf(ups.toldRuntimeMs),
  believed_runtime_ms: numberOf(ups.believedRuntimeMs),
  believed_by: ups.source,
  threshold_ms: ups.thresholdMs,
  slack_ms: ups.triggerInMs === undefined ? null : ups.slackMs,
  triggers_in_ms: numberOf(ups.triggerInMs),
  data_age_ms: numberOf(ups.dataAgeMs),
  silence: orNull(ups.silence),
  inhibition: orNull(ups.inhibition),
  sentence: ups.sentence,
  alerts: ups.alerts.map(({ key, level, sentence }) => ({ key, level, sentence })),
  trigger: ups.trigger
    ? {
        trigger_id: ups.trigger.triggerId,
        cause: ups.trigger.cause,
        sentence: ups.trigger.sentence,
        age_ms: ups.trigger.ageMs,
        run_id: orNull(ups.trigger.runId),
        trouble: orNull(ups.trigger.trouble),
      }
    : null,
  nodes: ups.nodes,
});

export const powerJson = ({
  upses,
  budget,
  mode,
  nodes,
  startup,
  forwards,
  peers,
}: PowerReport): Record<string, unknown> => ({
  mode,
  upses: upses.map(upsJson),
  budget: {
    budget_ms: budget?.budgetMs ?? 0,
    source: budget?.source || 'declared',
    samples: budget?.samples ?? 0,
    power_off_ms: budget?.powerOffMs ?? 0,
    bound_ms: budget?.boundMs ?? 0,
    warning: orNull(budget?.warning ?? ''),
  },
  nodes: nodes.map(({ node, feeds, minFeeds, runtimeMs }) => ({
    node,
    feeds,
    min_feeds: minFeeds,
    runtime_ms: numberOf(runtimeMs),
  })),
  startup: { state: startup?.state ?? '', sentence: startup?.sentence ?? '' },
  forwards: forwards.map((forward) => ({
    ups: forward.ups,
    peer: forward.peer,
    received: forward.received,
    state: forward.phase,
    trigger_id: orNull(forward.triggerId),
    run_id: orNull(forward.runId),
    sentence: forward.sentence,
  })),
  peers: peers.map(({ name, connected, hindrance, trouble }) => ({
    name,
    connected,
    hindrance: orNull(hindrance),
    trouble: orNull(trouble),
  })),
});
