import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { NodeInfo, NodeStatusReport, UnitState } from '@hecate/proto/generated/wire.ts';
import type { Context, End } from '../context.ts';
import { worstExit } from '../core/exit-status.ts';
import { printable } from '../core/printable.ts';
import { listUnits, type NodeUnits } from '../list-units.ts';
import { nodeJson, unitJson } from '../output/fleet-json.ts';
import { connectionText, connectionTone } from '../output/state-tone.ts';
import { ago, until } from '../output/time-text.ts';
import { failuresJson, readNodes } from '../read-nodes.ts';
import { field } from './field.ts';

const reportJson = (report: NodeStatusReport): Record<string, unknown> => ({
  system_state: report.systemState,
  systemd_version: report.systemdVersion,
  agent_version: report.agentVersion,
  units_failed: report.unitsFailed,
  jobs_queued: report.jobsQueued,
  is_bus_connected: report.busConnected,
  uptime_ms: report.uptimeMs,
  policy: report.policySummary,
});

function failedUnits(units: readonly NodeUnits[], node: string): UnitState[] {
  const found = units.find((each) => each.node === node);
  return !found || found.isStale ? [] : found.units;
}

function print(
  context: Context,
  node: NodeInfo,
  report: NodeStatusReport | undefined,
  failed: readonly UnitState[],
): void {
  const { out } = context;
  const nowMs = Date.now();
  const tone = connectionTone(node.connection);
  const line = (title: string, text: string): void => out.line(field(title, text));
  out.line(`${out.paint('●', tone)} ${printable(node.name)}`);
  const reason =
    node.offlineReason && node.connection !== 'online' ? ` (${printable(node.offlineReason)})` : '';
  line('State', `${out.paint(connectionText(node.connection), tone)}${reason}`);
  line('Last seen', node.connection === 'online' ? 'now' : ago(node.lastSeenMs, nowMs));
  if (node.address) line('Address', printable(node.address));
  if (node.certificateNotAfterMs > 0) line('Certificate', `ends ${until(node.certificateNotAfterMs, nowMs)}`);
  line('Agent', printable(report?.agentVersion || node.agentVersion || 'not known'));
  if (report) {
    line('systemd', printable(`${report.systemdVersion}, ${report.systemState}`));
    line('Host up', formatDuration(report.uptimeMs));
    line('Jobs', String(report.jobsQueued));
    for (const [index, rule] of report.policySummary.entries())
      line(index === 0 ? 'Policy' : '', printable(rule));
  }
  const isKnown = node.connection === 'online' && node.busConnected && node.snapshotComplete;
  line('Units', isKnown ? `${node.unitsCount} loaded, ${node.unitsFailed} failed` : 'unknown');
  for (const unit of failed) {
    line('', `${out.paint(printable(unit.name), 'bad')}  ${printable(unit.description)}`);
  }
}

/** Nodes with what they say of themselves; of one that is offline, what was known last, marked as such. */
export async function showNodes(context: Context): Promise<End> {
  const { out } = context;
  const selection = context.nodes;
  const [{ nodes }, units] = await Promise.all([
    context.ask('nodes', { case: 'listNodes', value: { nodes: selection } }),
    listUnits(context, { nodes: selection, states: ['failed'], inactiveToo: true }),
  ]);
  nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
  const online = nodes.filter(({ connection }) => connection === 'online').map(({ name }) => name);
  const reports = new Map<string, NodeStatusReport>();
  const result =
    online.length === 0
      ? { exit: 'success' as const, failures: [] }
      : await readNodes(
          context,
          { case: 'nodeStatus', value: {} },
          (node, reading) => {
            if (reading.case !== 'result' || reading.value.result.case !== 'nodeStatus') return;
            reports.set(node, reading.value.result.value);
          },
          { nodes: { patterns: online, all: false } },
        );
  if (out.isJson) {
    const known = nodes.map((node) => {
      const report = reports.get(node.name);
      const failed = failedUnits(units, node.name).map((unit) => unitJson(node.name, unit, false));
      return { ...nodeJson(node), report: report ? reportJson(report) : null, failed };
    });
    out.json([...known, ...failuresJson(result)]);
  } else {
    for (const [index, node] of nodes.entries()) {
      if (index > 0) out.line('');
      print(context, node, reports.get(node.name), failedUnits(units, node.name));
    }
  }
  return worstExit([result.exit, online.length < nodes.length ? 'offline' : 'success']);
}
