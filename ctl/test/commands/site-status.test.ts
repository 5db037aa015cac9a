/** `hecatectl status`: one screen, on a whole manager that watches a real upsd. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../test/nut/upsd.ts';
import { ClusterBench } from '../support/cluster-bench.ts';
import { schemaProblem } from '../support/schema.ts';

t.setTimeout(120_000);

t.test('nodes, UPSes, the budget, runs', { skip: skipWithoutUpsd() }, async (t) => {
  const values = { 'ups.status': 'OL', 'battery.runtime': '600', 'battery.charge': '100', 'ups.load': '20' };
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values } } });
  const cluster = new ClusterBench(t, {
    power: {
      upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
      poll_interval: '200ms',
      debounce_polls: 2,
      budget: '100s',
    },
  });
  const hold = await cluster.begin();
  const shown = await until(
    async () => {
      const result = await cluster.ctl('status');
      return /rack-a +online/.test(result.stdout) && result;
    },
    { what: 'the UPS is online' },
  );
  t.equal(shown.exitCode, 0);
  t.match(shown.stdout, /^bench: 3 nodes, 2 online, 0 failed units$/m);
  t.match(shown.stdout, /^node-a +online/m);
  t.match(shown.stdout, /^UPS +STATE +STATUS +CHARGE +RUNTIME +TRIGGERS IN$/m);
  // 600 s less the threshold of 1.1 × 100 s + 30 s of a refresh + 2 looks of 200 ms, and these looks.
  t.match(shown.stdout, /^rack-a +online +OL +100 % +10 min +7 min 40 s$/m);
  t.match(shown.stdout, /^budget: 1 min 40 s.* \(declared, poweroff\)$/m);
  t.notMatch(shown.stdout, /run/, 'there has been none');
  for (const line of shown.stdout.split('\n')) t.ok(line.length <= 80, `fits a terminal: ${line}`);

  t.equal((await cluster.ctl('startup', '--execute', '--reason', 'after the move')).exitCode, 0);
  await cluster.ctl('startup');
  const release = hold('restart');
  await cluster.ctl('run', 'other', '--execute', '--detach');
  const busy = await cluster.ctl('status');
  t.match(busy.stdout, /^run: other running for .*, by .*: hecatectl runs watch 01/m);
  t.match(busy.stdout, /^last run: startup done .* ago, took .*, by .*: after the move$/m);
  const json = JSON.parse((await cluster.ctl('status', '-o', 'json')).stdout);
  t.equal(schemaProblem('status', json), undefined);
  t.match(json, {
    power: { upses: [{ name: 'rack-a', state: 'online' }], startup: { state: 'waiting' } },
    runs_active: [{ plan: 'other', state: 'running' }],
    run_last: { plan: 'startup', state: 'done', is_dry_run: false },
  });
  release();
});

t.test('the schema of status describes power as that of power does', async (t) => {
  const schemaOf = (name: string) =>
    JSON.parse(readFileSync(resolve(import.meta.dirname, `../../schema/${name}.json`), 'utf8'));
  const { $schema: _draft, title: _title, ...power } = schemaOf('power');
  t.same(schemaOf('status').anyOf[0].properties.power, power);
});
