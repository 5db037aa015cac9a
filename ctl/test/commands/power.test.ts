/** Power, by hecatectl as a process and a whole manager that watches a real upsd. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { managerBench } from '../../../manager/test/support/manager-bench.ts';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../test/nut/upsd.ts';
import { runCtl } from '../support/run-ctl.ts';
import { schemaProblem } from '../support/schema.ts';

t.setTimeout(120_000);

const inventory = [
  { name: 'node-a', units: ['x.service'], address: '127.0.0.1', feeds: ['rack-a'] },
  { name: 'node-b', units: ['x.service'], address: '127.0.0.1' },
];

t.test('status and explain, on mains and with an alert', { skip: skipWithoutUpsd() }, async (t) => {
  const values = { 'ups.status': 'OL', 'battery.runtime': '400', 'battery.charge': '100', 'ups.load': '20' };
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values } } });
  const bench = await managerBench(t, {
    inventory,
    power: {
      upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
      poll_interval: '200ms',
      debounce_polls: 2,
      budget: '100s',
    },
  });
  const ctl = (...argv: string[]) => runCtl(argv, { socket: join(bench.folder, 'viewer.sock') });
  const status = await until(
    async () => {
      const result = await ctl('power', 'status');
      return /online/.test(result.stdout) && result;
    },
    { what: 'the UPS is online' },
  );
  t.equal(status.exitCode, 0);
  t.match(status.stdout, /^UPS +STATE +STATUS +CHARGE +LOAD +RUNTIME +BELIEVED +THRESHOLD +SLACK/m);
  // 1.1 × 100 s + 30 s of a refresh + 2 looks of 200 ms.
  t.match(
    status.stdout,
    /^rack-a +online +OL +100 % +20 % +6 min 40 s +6 min 40 s +2 min 20 s +4 min (19|20) s +4 min 20 s/m,
  );
  t.match(status.stdout, /^budget: 1 min 40 s,.*at most .*\(declared, poweroff\)$/m);
  const explained = await ctl('power', 'explain');
  t.match(
    explained.stdout,
    /^rack-a is on mains: runtime .* believed.*threshold .* = 1\.1 × budget 1 min 40 s/,
  );
  t.match(explained.stdout, /^a startup waits: rack-a: mains for .*, of 5 min$/m);

  const json = JSON.parse((await ctl('power', 'status', '-o', 'json')).stdout);
  t.equal(schemaProblem('power', json), undefined);
  t.match(json, {
    mode: 'poweroff',
    upses: [{ name: 'rack-a', state: 'online', told_runtime_ms: 400_000, nodes: ['node-a', 'node-b'] }],
    budget: { budget_ms: 100_000, samples: 0 },
    nodes: [
      { node: 'node-a', feeds: ['rack-a'], runtime_ms: null },
      { node: 'node-b', feeds: ['rack-a'] },
    ],
  });

  await upsd.set('rack', 'ups.status', 'OL RB');
  const alerted = await until(
    async () => {
      const result = await ctl('power', 'status');
      return /warning: /.test(result.stdout) && result;
    },
    { what: 'the battery is to be replaced' },
  );
  t.match(alerted.stdout, /^warning: rack-a/m);

  const checked = await ctl('plan', 'check', 'shutdown');
  t.match(
    checked.stdout,
    /warning: .*it takes at most 7 min 30 s, and rack-a supplies 6 min 40 s at full charge/,
    'the worst case does not fit',
  );
});

t.test('a scenario is played, and touches nothing', async (t) => {
  const bench = await managerBench(t, { inventory: [], power: { budget: '100s', debounce_polls: 2 } });
  const ctl = (...argv: string[]) => runCtl(argv, { socket: join(bench.folder, 'viewer.sock') });
  const file = join(bench.folder, 'outage.txt');
  writeFileSync(
    file,
    '0:00, OL, 1200, 100, 20\n0:30, OB DISCHRG, 1200, 99, 20\n1:00, OB DISCHRG, 100, 30, 60\n3:00, OB, 60, 20, 60\n',
  );
  const played = await ctl('power', 'test', '--scenario', file);
  t.equal(played.exitCode, 0, played.stderr);
  t.match(played.stdout, /^ +0:30 {2}online → on-battery$/m);
  t.match(played.stdout, /^ +1:\d\d {2}trigger ups:ups:1, time limit \d+ s: ups, on battery/m);
  t.match(played.stderr, /it would have shut down/);
  const json = JSON.parse((await ctl('power', 'test', '--scenario', file, '-o', 'json')).stdout);
  t.equal(schemaProblem('scenario', json), undefined);
  t.equal(json.triggers, true);
  writeFileSync(file, '0:00, OL, 1200, 100, 20\n0:30, OB DISCHRG, 1200, 99, 20\n0:40, OL, 1190, 99, 20\n');
  t.match((await ctl('power', 'test', '--scenario', file)).stderr, /would not have shut down/);

  writeFileSync(file, '0:00, ol?, 1200\n');
  const odd = await ctl('power', 'test', '--scenario', file);
  t.equal(odd.exitCode, 2);
  t.match(odd.stderr, /line 1 of the scenario: "ol\?" is no status/);
  t.match((await ctl('power', 'test')).stderr, /no scenario is named/);
  t.match((await ctl('power', 'test', '--scenario', '/nowhere')).stderr, /\/nowhere: cannot be read/);
  const unknown = await ctl('power', 'test', '--scenario', file, '--ups', 'rack-z');
  t.match(unknown.stderr, /no UPS "rack-z" is declared/);
  t.equal(unknown.exitCode, 4);
});

t.test('without a UPS', async (t) => {
  const bench = await managerBench(t);
  const ctl = (...argv: string[]) => runCtl(argv, { socket: join(bench.folder, 'viewer.sock') });
  for (const verb of ['status', 'explain']) {
    const result = await ctl('power', verb);
    t.equal(result.exitCode, 0);
    t.match(result.stderr, /no UPS is watched/);
  }
});
