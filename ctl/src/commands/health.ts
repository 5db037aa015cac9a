import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';
import { cell } from '../core/table.ts';

export const command: Command = {
  definition: {
    name: 'health',
    group: 'fleet',
    summary: 'ask whether the site is well',
    description: [
      'Asks the manager for its own checks: the authority, the epoch, the state directory, the nodes and their buses. Ends with success when all hold, and with a no otherwise, so that a timer or a load balancer can use it.',
    ],
    arguments: [],
    options: [],
    examples: [
      { command: 'hecatectl health --quiet --timeout 5s', explanation: 'the exit status alone says it' },
    ],
    exits: ['negative'],
    schema: 'health',
  },
  run: async (context) => {
    const { out } = context;
    const health = await context.ask('health', { case: 'getHealth', value: {} });
    if (out.isJson) {
      out.json({
        is_healthy: health.healthy,
        site: health.site,
        epoch: health.epoch,
        software_version: health.softwareVersion,
        uptime_ms: health.uptimeMs,
        checks: health.checks.map(({ name, passed, detail, remedy }) => ({
          name,
          is_passed: passed,
          detail,
          remedy: remedy === '' ? null : remedy,
        })),
      });
    } else if (!out.style.isQuiet) {
      const verdict = out.paint(health.healthy ? 'healthy' : 'not healthy', health.healthy ? 'good' : 'bad');
      out.line(`${printable(health.site)}: ${verdict} (manager up ${formatDuration(health.uptimeMs)})`);
      out.table(
        [{ title: 'CHECK' }, { title: 'RESULT' }, { title: 'DETAIL' }],
        health.checks.map(({ name, passed, detail }) => [
          cell(name),
          cell(passed ? 'ok' : 'NOT OK', passed ? 'good' : 'bad'),
          cell(detail),
        ]),
      );
      for (const check of health.checks.filter(({ passed }) => !passed)) {
        if (check.remedy !== '') out.note(`next, for ${printable(check.name)}: ${printable(check.remedy)}`);
      }
    }
    return health.healthy ? 'success' : 'negative';
  },
};
