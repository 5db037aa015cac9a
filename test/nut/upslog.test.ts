/** What the manual says of upslog: what it records is a discharge that `hecatectl power test` can play. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseScenario } from '../../manager/src/core/power/scenario/scenario-text.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from './nut-programs.ts';
import { startUpsd } from './upsd.ts';

t.setTimeout(120_000);
const skip = skipWithoutUpsd();

const manual = readFileSync(join(import.meta.dirname, '../../docs/power.md'), 'utf8');
const format = /upslog .* -f '(.*)'/.exec(manual)?.[1] ?? '';

t.test('a line of upslog is a look', { skip }, async (t) => {
  const values = { 'ups.status': 'OL', 'battery.runtime': '600', 'battery.charge': '100' };
  const upsd = await startUpsd(t, { upses: { ups: { kind: 'dev', values } } });
  const ups = `ups@127.0.0.1:${upsd.port}`;
  const upslog = spawn('upslog', ['-F', '-s', ups, '-i', '1', '-l', '-', '-f', format], {
    env: { ...process.env, NUT_ALTPIDPATH: upsd.folder, TZ: 'UTC' },
    cwd: upsd.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(async () => {
    upslog.kill('SIGKILL');
    if (upslog.exitCode === null && upslog.signalCode === null) await once(upslog, 'exit');
  });
  let recorded = '';
  upslog.stdout.setEncoding('utf8').on('data', (text: string) => {
    recorded += text;
  });
  let errors = '';
  upslog.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await until(() => recorded.includes(', OL, 600, 100, NA, NA\n') || upslog.exitCode !== null, {
    what: 'a line of upslog',
  });
  await upsd.set('ups', { 'ups.status': 'OB LB', 'battery.runtime': '20' });
  await until(() => recorded.includes(', OB LB, 20, 100, NA, NA\n'), { what: 'a line on battery' });
  // Each by itself: midnight may have come between them.
  const readings = recorded
    .slice(0, recorded.lastIndexOf('\n'))
    .split('\n')
    .filter((line) => /^\d\d:/.test(line))
    .flatMap((line) => parseScenario(line))
    .map(({ event }) => (event.type === 'reading' ? event.reading : undefined));
  t.ok(readings.length >= 2, errors);
  t.ok(readings.some((reading) => reading?.flags.join() === 'OL' && reading.runtimeMs === 600_000));
  t.match(readings.at(-1), {
    flags: ['OB', 'LB'],
    runtimeMs: 20_000,
    chargePercent: 100,
    loadPercent: undefined,
  });
});
