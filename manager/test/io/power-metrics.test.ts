/** Power on the page for Prometheus, and the dashboard that reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createMetrics, type FleetSnapshot } from '../../src/io/metrics.ts';
import type { ForwardMetrics, UpsMetrics } from '../../src/io/power-metrics.ts';

const heard: UpsMetrics = {
  ups: 'rack-a',
  reading: {
    flags: ['OB', 'DISCHRG', 'ODD'],
    runtimeMs: 90_000,
    chargePercent: 40,
    loadPercent: 25,
    inputVoltage: 0,
    batteryVoltage: 26.1,
  },
  device: { manufacturer: 'Example', model: 'Big', serial: 'S1' },
  phase: 'pending',
  believedRuntimeMs: 80_500,
  thresholdMs: 100_000,
  slackMs: -19_500,
  dataAgeMs: 250,
  triggersByCause: new Map([['runtime', 2]]),
  rejected: [{ variable: 'battery.runtime', reason: 'known-nonsense', count: 3 }],
};

const forwards: ForwardMetrics = {
  sent: [{ ups: 'rack-a', sent: 2, acknowledged: 1, withdrawn: 0, local: 1, acknowledgedAfterMs: 40 }],
  received: new Map([['tethys', 3]]),
  peers: [{ peer: 'tethys', isConnected: true }],
};

function bench(first: readonly UpsMetrics[] | undefined) {
  let upses = first;
  const snapshot = (): FleetSnapshot => ({
    nodes: [],
    sessionsByKind: {},
    epoch: 1,
    power: upses && { upses, budgetMs: 60_000, budgetSamples: 4, forwards },
  });
  const metrics = createMetrics(snapshot, '1.2.3', () => 0);
  const page = async (next: readonly UpsMetrics[] | undefined = upses): Promise<string[]> => {
    upses = next;
    return (await metrics.text()).split('\n');
  };
  return { metrics, page };
}

t.test('a UPS that is heard', async (t) => {
  const lines = await bench([heard]).page();
  for (const line of [
    'network_ups_tools_battery_charge{ups="rack-a"} 40',
    'network_ups_tools_battery_runtime{ups="rack-a"} 90',
    'network_ups_tools_battery_voltage{ups="rack-a"} 26.1',
    'network_ups_tools_input_voltage{ups="rack-a"} 0',
    'network_ups_tools_ups_load{ups="rack-a"} 25',
    'network_ups_tools_ups_status{ups="rack-a",flag="OB"} 1',
    'network_ups_tools_ups_status{ups="rack-a",flag="ODD"} 1',
    'network_ups_tools_ups_status{ups="rack-a",flag="OL"} 0',
    'network_ups_tools_device_info{ups="rack-a",manufacturer="Example",model="Big",serial="S1",firmware="",type=""} 1',
    'hecate_power_state{ups="rack-a",state="pending"} 1',
    'hecate_power_state{ups="rack-a",state="online"} 0',
    'hecate_power_believed_runtime_seconds{ups="rack-a"} 80.5',
    'hecate_power_threshold_seconds{ups="rack-a"} 100',
    'hecate_power_slack_seconds{ups="rack-a"} -19.5',
    'hecate_power_data_age_seconds{ups="rack-a"} 0.25',
    'hecate_power_triggers_total{ups="rack-a",cause="runtime"} 2',
    'hecate_power_rejected_values_total{ups="rack-a",variable="battery.runtime",reason="known-nonsense"} 3',
    'hecate_power_forwards_total{ups="rack-a",result="sent"} 2',
    'hecate_power_forwards_total{ups="rack-a",result="local"} 1',
    'hecate_power_forward_acknowledged_seconds{ups="rack-a"} 0.04',
    'hecate_power_forwards_received_total{peer="tethys"} 3',
    'hecate_power_peer_connected{peer="tethys"} 1',
    'hecate_power_budget_seconds 60',
    'hecate_power_budget_samples 4',
  ])
    t.ok(lines.includes(line), line);
});

t.test('what is stale is gone, what is told twice is counted once', async (t) => {
  const { page } = bench([heard]);
  await page();
  t.ok((await page()).includes('hecate_power_triggers_total{ups="rack-a",cause="runtime"} 2'));
  const silent = await page([{ ...heard, reading: undefined, believedRuntimeMs: undefined }]);
  t.same(
    silent.filter((line) => /^(network_ups_tools|hecate_power_believed)\w*\{/.test(line)),
    [],
  );
  t.ok(silent.includes('hecate_power_data_age_seconds{ups="rack-a"} 0.25'));
  const { page: partly } = bench([
    {
      ...heard,
      reading: { ...heard.reading, flags: ['OL'], chargePercent: undefined } as UpsMetrics['reading'],
    },
  ]);
  t.notOk((await partly()).some((line) => line.startsWith('network_ups_tools_battery_charge{')));
});

t.test('without a UPS there is nothing of power', async (t) => {
  t.notMatch((await bench(undefined).page()).join('\n'), /network_ups_tools|hecate_power/);
});

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

t.test('the dashboard asks for what is there, and for all of power', async (t) => {
  const file = join(import.meta.dirname, '../../../packaging/grafana/hecate.json');
  const { panels, templating } = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: Panel[];
    templating: { list: { definition?: string }[] };
  };
  const { metrics, page } = bench([heard]);
  metrics.runEnded('shutdown', 'done');
  metrics.runStageEnded('shutdown', 'first', 1000);
  const lines = await page();
  const exported = new Set(lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []));
  const asked = new Set<string>();
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      const names = namesIn(expr);
      t.ok(names.length > 0, `${title}: ${expr}`);
      for (const name of names) t.ok(exported.has(name.replace(/_bucket$/, '')), `${title}: ${name}`);
      for (const name of names) asked.add(name);
      for (const label of labelsIn(expr)) t.ok(labels(lines, names).has(label), `${title}: label ${label}`);
    }
  }
  for (const { definition = '' } of templating.list)
    for (const name of namesIn(definition)) t.ok(exported.has(name), definition);
  const ofPower = [...exported].filter((name) => /^(hecate_power|network_ups_tools)_/.test(name));
  t.same(
    ofPower.filter((name) => !asked.has(name)),
    [],
    'every metric of power is shown',
  );
});

const namesIn = (expr: string): string[] => expr.match(/\b(hecate|network_ups_tools)_\w+/g) ?? [];

/** Those that a query selects or sums by. */
const labelsIn = (expr: string): string[] => [
  ...[...expr.matchAll(/[{,]\s*(\w+)\s*=~?"/g)].map(([, name = '']) => name),
  ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/\s*,\s*/)),
];

const labels = (lines: readonly string[], names: readonly string[]): Set<string> => {
  const samples = lines.filter((line) => names.some((name) => line.startsWith(`${name}{`)));
  return new Set(samples.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, name = '']) => name)));
};
