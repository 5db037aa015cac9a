import { HecateError } from '@hecate/proto/core/errors.ts';
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import type { UnitStatusReport } from '@hecate/proto/generated/wire.ts';
import type { Context, End } from '../context.ts';
import { formatBytes } from '../core/byte-size.ts';
import { worstExit } from '../core/exit-status.ts';
import { printable } from '../core/printable.ts';
import { orNull, timeOrNull } from '../output/outcome-json.ts';
import { activeTone } from '../output/state-tone.ts';
import { ago, localTime } from '../output/time-text.ts';
import { expandUnits, failuresJson, forEachUnit, readNodes } from '../read-nodes.ts';
import { field } from './field.ts';

interface Shown {
  readonly node: string;
  readonly unit: string;
  readonly report: UnitStatusReport;
}

const logLinesDefault = 10;
const logLinesMax = 1000;

function logLines(context: Context): number {
  const text = context.invocation.text('lines');
  if (text === undefined) return logLinesDefault;
  if (/^\d{1,4}$/.test(text) && Number(text) <= logLinesMax) return Number(text);
  throw new HecateError(
    'HEC_USAGE',
    `--lines cannot be ${JSON.stringify(text)}`,
    `a number from 0 to ${logLinesMax}`,
  );
}

function exitOf({ report }: Shown): ExitName {
  if (!report.state || report.state.loadState === 'not-found') return 'notFound';
  return ['active', 'reloading'].includes(report.state.activeState) ? 'success' : 'negative';
}

function statusJson({ node, unit, report }: Shown): Record<string, unknown> {
  const { state, evidence } = report;
  return {
    node,
    unit: state?.name || unit,
    description: orNull(state?.description ?? ''),
    load_state: orNull(state?.loadState ?? ''),
    active_state: orNull(state?.activeState ?? ''),
    sub_state: orNull(state?.subState ?? ''),
    result: orNull(evidence?.result ?? ''),
    exec_main_code: evidence?.execMainCode ?? 0,
    exec_main_status: evidence?.execMainStatus ?? 0,
    invocation_id: orNull(evidence?.invocationId ?? ''),
    unit_file: orNull(report.fragmentPath),
    unit_file_state: orNull(report.unitFileState),
    main_pid: report.mainPid === 0 ? null : report.mainPid,
    active_since: timeOrNull(report.activeEnterMs),
    memory_bytes: orNull(report.memoryCurrentBytes),
    tasks: orNull(report.tasksCurrent),
    log_lines: report.logLines,
    logs_missing_because: orNull(report.logsMissingBecause),
  };
}

function resultText(report: UnitStatusReport): string {
  const evidence = report.evidence;
  const result = evidence?.result ?? '';
  if (!evidence || result === '' || (result === 'success' && evidence.execMainStatus === 0)) return '';
  const how = evidence.execMainCode > 1 ? 'signal' : 'exit status';
  return `${result} (${how} ${evidence.execMainStatus})`;
}

function print(context: Context, shown: Shown): void {
  const { out } = context;
  const { node, report } = shown;
  const { state } = report;
  const active = state?.activeState || 'unknown';
  const tone = activeTone(active);
  const line = (title: string, text: string): void => out.line(field(title, text));
  const description = state?.description && state.description !== state.name ? ` - ${state.description}` : '';
  out.line(`${out.paint('●', tone)} ${printable(`${state?.name || shown.unit} on ${node}${description}`)}`);
  const origin = [report.fragmentPath, report.unitFileState].filter((text) => text !== '').join('; ');
  line('Loaded', printable(`${state?.loadState || 'not-found'}${origin ? ` (${origin})` : ''}`));
  const since = report.activeEnterMs > 0 && active === 'active';
  const when = since
    ? ` since ${localTime(report.activeEnterMs)}; ${ago(report.activeEnterMs, Date.now())}`
    : '';
  line('Active', `${out.paint(printable(`${active} (${state?.subState || '-'})`), tone)}${when}`);
  const result = resultText(report);
  if (result !== '') line('Result', printable(result));
  if (state && state.jobId !== 0) line('Job', printable(`${state.jobId} ${state.jobType}`));
  if (report.mainPid > 0) line('Main PID', String(report.mainPid));
  if (report.tasksCurrent !== '') line('Tasks', printable(report.tasksCurrent));
  if (report.memoryCurrentBytes !== '') line('Memory', formatBytes(report.memoryCurrentBytes));
  if (report.logsMissingBecause !== '') line('Log', printable(report.logsMissingBecause));
  if (report.logLines.length > 0) out.line('');
  for (const text of report.logLines) out.line(`  ${printable(text)}`);
}

/** Units with what the node itself says of them. */
export async function showUnits(context: Context): Promise<End> {
  const { out } = context;
  const lines = logLines(context);
  const found: Shown[] = [];
  const result = await forEachUnit(await expandUnits(context, context.units), (unit, nodes) =>
    readNodes(
      context,
      { case: 'unitStatus', value: { unit, logLines: lines } },
      (node, reading) => {
        if (reading.case !== 'result' || reading.value.result.case !== 'unitStatus') return;
        found.push({ node, unit, report: reading.value.result.value });
      },
      { nodes, unit },
    ),
  );
  found.sort((a, b) => a.node.localeCompare(b.node) || a.unit.localeCompare(b.unit));
  if (out.isJson) out.json([...found.map(statusJson), ...failuresJson(result)]);
  else {
    for (const [index, shown] of found.entries()) {
      if (index > 0) out.line('');
      print(context, shown);
    }
  }
  return worstExit([result.exit, ...found.map(exitOf)]);
}
