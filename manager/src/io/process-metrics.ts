/**
 * What the manager's own process uses. Written here, because the library's default set comes with a histogram of
 * every garbage collection and a timer that wakes the process a hundred times a second.
 */
import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';

const openFiles = (): number => {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN;
  }
};

/** Looked at once: the wall clock may be set later. */
const startSeconds = Math.round(Date.now() / 1000 - process.uptime());

/** Name, help, value at the time of the scrape. The names are those that dashboards know. */
const gauges: readonly (readonly [string, string, () => number])[] = [
  ['process_start_time_seconds', 'Start of the process, Unix time in seconds.', () => startSeconds],
  ['process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()],
  ['process_open_fds', 'Open file descriptors.', openFiles],
  ['nodejs_heap_size_total_bytes', 'Size of the JavaScript heap.', () => process.memoryUsage().heapTotal],
  ['nodejs_heap_size_used_bytes', 'Used part of the JavaScript heap.', () => process.memoryUsage().heapUsed],
  [
    'nodejs_eventloop_utilization',
    'Part of the time since the start that the event loop was busy, 0 to 1.',
    () => performance.eventLoopUtilization().utilization,
  ],
];

export function addProcessMetrics(registry: Registry): void {
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system time of the process, in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });
}
