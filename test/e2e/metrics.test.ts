/** The metrics page as Prometheus reads it, and the health page as a load balancer does. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { freePort } from '../site/manager-process.ts';
import { siteForTest } from '../site/site.ts';
import { quickUnit } from './support/serving.ts';

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** The text format 0.0.4, strictly: every sample belongs to a family that was announced just before. */
function parseMetrics(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const samples: Sample[] = [];
  const families = new Map<string, string>();
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type?.[1] && type[2]) {
      if (families.has(type[1])) throw new Error(`a second family ${type[1]}`);
      families.set(type[1], type[2]);
    }
    if (line === '' || line.startsWith('#')) continue;
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|[-+.\deE]+)$/.exec(line);
    if (!sample?.[1]) throw new Error(`no sample: ${line}`);
    const [, name, inner = '', value = ''] = sample;
    const labels: Record<string, string> = {};
    const rest = inner.replace(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/g, (_all, key, text) => {
      labels[key] = text;
      return '';
    });
    if (rest !== '') throw new Error(`labels that are none: ${line}`);
    const family = families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (!families.has(family)) throw new Error(`a sample without a family: ${line}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`told twice: ${key}`);
    seen.add(key);
    samples.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
  }
  return samples;
}

t.test('metrics', { skip: await skipUnless('user'), timeout: 60_000 }, async (t) => {
  const port = await freePort();
  const site = await siteForTest(t, {
    names: ['alpha', 'beta'],
    units: { ...quickUnit, 'failing.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n' },
    config: { metrics: { listen: `127.0.0.1:${port}` } },
  });
  const { manager } = site;
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const scrape = async (): Promise<Sample[]> => parseMetrics(await (await get('/metrics')).text());
  const sampleOf = (
    samples: Sample[],
    name: string,
    labels: Record<string, string> = {},
  ): number | undefined =>
    samples.find(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )?.value;

  await t.test('a page that Prometheus understands', async (t) => {
    const response = await get('/metrics');
    t.equal(response.status, 200);
    t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    const samples = parseMetrics(await response.text());
    t.equal(sampleOf(samples, 'hecate_node_online', { node: 'alpha' }), 1);
    t.equal(sampleOf(samples, 'hecate_nodes', { state: 'online' }), 2);
    t.equal(sampleOf(samples, 'hecate_epoch'), 1);
    t.equal(sampleOf(samples, 'hecate_sessions', { kind: 'agent' }), 2);
    const seen = sampleOf(samples, 'hecate_node_last_seen_timestamp_seconds', { node: 'beta' }) ?? 0;
    t.ok(Math.abs(seen - Date.now() / 1000) < 10, 'seconds, and of now');
    const active = (await site.json<{ active_state: string }[]>('list-units', 'alpha')).length;
    t.ok(
      active > 0 && (sampleOf(samples, 'hecate_units', { node: 'alpha', active_state: 'active' }) ?? 0) > 0,
    );
    t.ok((sampleOf(samples, 'process_resident_memory_bytes') ?? 0) > 10 * 1024 * 1024);
    t.ok(parseMetrics(await manager.ctlOrThrow('metrics')).length > 0, 'hecatectl metrics, too');
  });

  await t.test('operations are counted by verb and outcome', async (t) => {
    await manager.ctl(['start', '--all', 'quick']);
    await manager.ctl(['start', 'alpha', 'failing']);
    const samples = await scrape();
    t.equal(sampleOf(samples, 'hecate_operations_total', { verb: 'start', status: 'done' }), 2);
    t.equal(sampleOf(samples, 'hecate_operations_total', { verb: 'start', status: 'failed' }), 1);
    t.equal(sampleOf(samples, 'hecate_operation_duration_seconds_count', { verb: 'start' }), 3);
    // The node's stream of units is not held up by answers, nor they by it.
    await until(
      async () => sampleOf(await scrape(), 'hecate_units', { node: 'alpha', active_state: 'failed' }) === 1,
      { what: 'the failed unit is counted' },
    );
  });

  await t.test(
    'of a node that is away nothing is claimed; of one that is no more, nothing is told',
    async (t) => {
      t.equal((await get('/healthz')).status, 200);
      await site.agent('beta').stop();
      await until(async () => sampleOf(await scrape(), 'hecate_node_online', { node: 'beta' }) === 0, {
        what: 'it is counted as away',
      });
      const away = await scrape();
      t.equal(sampleOf(away, 'hecate_units', { node: 'beta' }), undefined);
      t.ok((sampleOf(away, 'hecate_node_last_seen_timestamp_seconds', { node: 'beta' }) ?? 0) > 0);
      t.equal((await get('/healthz')).status, 503);
      await manager.ctlOrThrow('node', 'revoke', 'beta');
      const gone = await scrape();
      t.strictSame(
        gone.filter(({ labels }) => labels.node === 'beta'),
        [],
      );
      t.equal((await get('/healthz')).status, 200);
      t.equal((await get('/else')).status, 404);
    },
  );
});
