import t from 'tap';
import { createMetrics, type FleetSnapshot } from '../../src/io/metrics.ts';

const empty: FleetSnapshot = { nodes: [], sessionsByKind: {}, epoch: 1 };

/** The page as a map: `name{labels}` → value. */
async function page(metrics: { text(): Promise<string> }): Promise<Map<string, number>> {
  const samples = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

t.test('the fleet of the moment; a node that is removed disappears', async (t) => {
  let snapshot: FleetSnapshot = {
    nodes: [
      {
        name: 'a',
        online: true,
        lastSeenMs: 1_700_000_000_500,
        unitsByActiveState: { active: 7, failed: 1 },
      },
      { name: 'b', online: false, lastSeenMs: 0, unitsByActiveState: {} },
    ],
    sessionsByKind: { agent: 1, operator: 2 },
    epoch: 4,
  };
  const metrics = createMetrics(() => snapshot, '1.2.3');
  const first = await page(metrics);
  for (const [sample, value] of Object.entries({
    'hecate_nodes{state="online"}': 1,
    'hecate_nodes{state="offline"}': 1,
    'hecate_node_online{node="a"}': 1,
    'hecate_node_online{node="b"}': 0,
    'hecate_node_last_seen_timestamp_seconds{node="a"}': 1_700_000_000.5,
    'hecate_units{node="a",active_state="active"}': 7,
    'hecate_units{node="a",active_state="failed"}': 1,
    'hecate_sessions{kind="agent"}': 1,
    'hecate_sessions{kind="operator"}': 2,
    hecate_epoch: 4,
    [`hecate_manager_build_info{version="1.2.3",node_version="${process.version}"}`]: 1,
  })) {
    t.equal(first.get(sample), value, sample);
  }
  t.notOk(first.has('hecate_node_last_seen_timestamp_seconds{node="b"}'), 'never seen is not 1970');
  snapshot = empty;
  const second = await page(metrics);
  t.same(
    [...second.keys()].filter((key) => /node="|kind="/.test(key)),
    [],
  );
  t.equal(second.get('hecate_nodes{state="online"}'), 0);
});

t.test('what happened is counted', async (t) => {
  const metrics = createMetrics(
    () => empty,
    '0',
    () => 3,
  );
  metrics.operationEnded('start', 'done', 12);
  metrics.operationEnded('start', 'failed', 90_000);
  metrics.operationEnded('stop', 'offline', 0);
  metrics.operationResolved('stop', 'done');
  metrics.connectionRefused('revoked');
  metrics.connectionRefused('revoked');
  metrics.protocolError();
  const samples = await page(metrics);
  t.notOk(samples.has('hecate_operations_total{verb="stop",status="done"}'), 'nothing is counted twice');
  for (const [sample, value] of Object.entries({
    'hecate_operations_total{verb="start",status="done"}': 1,
    'hecate_operations_total{verb="start",status="failed"}': 1,
    'hecate_operations_total{verb="stop",status="offline"}': 1,
    'hecate_operations_resolved_total{verb="stop",status="done"}': 1,
    'hecate_operation_duration_seconds_bucket{le="0.01",verb="start"}': 0,
    'hecate_operation_duration_seconds_bucket{le="0.025",verb="start"}': 1,
    'hecate_operation_duration_seconds_bucket{le="+Inf",verb="start"}': 2,
    'hecate_operation_duration_seconds_sum{verb="start"}': 90.012,
    'hecate_refused_connections_total{reason="revoked"}': 2,
    hecate_protocol_errors_total: 1,
    hecate_audit_write_failures_total: 3,
  })) {
    t.equal(samples.get(sample), value, sample);
  }
});

t.test('reasons are bounded, names are escaped', async (t) => {
  const metrics = createMetrics(
    () => ({ ...empty, nodes: [{ name: 'a"\n', online: true, lastSeenMs: 1, unitsByActiveState: {} }] }),
    '0',
  );
  for (let i = 0; i < 1000; i += 1) metrics.connectionRefused(`reason-${i}`);
  metrics.connectionRefused('reason-3');
  const samples = await page(metrics);
  const reasons = [...samples.keys()].filter((key) => key.startsWith('hecate_refused'));
  t.equal(reasons.length, 41);
  t.equal(samples.get('hecate_refused_connections_total{reason="other"}'), 960);
  t.equal(samples.get('hecate_refused_connections_total{reason="reason-3"}'), 2);
  t.equal(samples.get('hecate_node_online{node="a\\"\\n"}'), 1);
});

t.test('two managers in one process do not mix; the process is described', async (t) => {
  const [one, two] = [createMetrics(() => empty, '0'), createMetrics(() => empty, '0')];
  one.protocolError();
  t.equal((await page(two)).get('hecate_protocol_errors_total'), 0);
  const samples = await page(one);
  t.ok(Number(samples.get('process_resident_memory_bytes')) > 1_000_000);
  t.ok(Number(samples.get('process_cpu_seconds_total')) > 0);
  t.ok(Number(samples.get('process_open_fds')) > 2);
  t.same(
    [...samples.keys()].filter((key) => /gc_duration|audit/.test(key)),
    [],
  );
});

t.test('pages asked for at the same time are each whole', async (t) => {
  const metrics = createMetrics(() => empty, '0');
  const texts = await Promise.all(Array.from({ length: 10 }, () => metrics.text()));
  for (const text of texts) t.equal(text.match(/^hecate_epoch 1$/gm)?.length, 1);
});
