import { existsSync } from 'node:fs';
import t from 'tap';
import { processIdentity } from '../nodes/processes.ts';
import { until } from '../nodes/until.ts';
import { skipWithoutUpsd } from './nut-programs.ts';
import { startUpsd, type Upsd } from './upsd.ts';

t.setTimeout(120_000);
const skip = skipWithoutUpsd();

t.test('two kinds of UPS, values that stick, and nothing left at the end', { skip }, async (t) => {
  let upsd: Upsd | undefined;
  let pids: number[] = [];
  await t.test('while it runs', async (t) => {
    upsd = await startUpsd(t, {
      upses: {
        rack: { kind: 'dev', values: { 'ups.status': 'OL', 'battery.charge': '100' } },
        played: { kind: 'sequence', text: 'ups.status: OL CHRG\nTIMER 600' },
      },
    });
    const running = upsd;
    const says = (ups: string, variable: string, value: string) =>
      until(
        async () => (await running.ask(`GET VAR ${ups} ${variable}`)) === `VAR ${ups} ${variable} "${value}"`,
        {
          what: `${ups} has ${variable} = ${value}`,
        },
      );
    await says('rack', 'ups.status', 'OL');
    await says('played', 'ups.status', 'OL CHRG');
    await upsd.set('rack', 'ups.status', 'OB DISCHRG');
    await says('rack', 'ups.status', 'OB DISCHRG');
    await upsd.set('rack', { 'battery.charge': '42', 'battery.runtime': '600' });
    await says('rack', 'battery.charge', '42');
    await says('rack', 'battery.runtime', '600');

    await upsd.killDriver('rack');
    t.equal(await upsd.ask('LIST VAR rack'), 'ERR DRIVER-NOT-CONNECTED');
    await upsd.set('rack', 'battery.charge', '41');
    await upsd.startDriver('rack');
    await says('rack', 'battery.charge', '41');
    await says('rack', 'ups.status', 'OB DISCHRG');

    await upsd.stop();
    await t.rejects(upsd.ask('VER'));
    await upsd.start();
    await says('rack', 'battery.charge', '41');
    pids = upsd.pids();
  });
  t.notOk(existsSync(upsd?.folder ?? '/'), 'no folder');
  await t.rejects((upsd as Upsd).ask('VER'), 'no server');
  t.same(
    pids.map((pid) => processIdentity(pid)),
    [undefined, undefined, undefined],
    'no process',
  );
});

t.test('two servers at once do not meet', { skip }, async (t) => {
  const values = { 'ups.status': 'OL' };
  const servers = await Promise.all(
    ['a', 'b'].map((name) => startUpsd(t, { upses: { [name]: { kind: 'dev', values } } })),
  );
  t.same(await Promise.all(servers.map((server) => server.ask('GET VAR a ups.status'))), [
    'VAR a ups.status "OL"',
    'ERR UNKNOWN-UPS',
  ]);
});

t.test('a configuration that upsd refuses is told with its own words', { skip }, async (t) => {
  const upses = { rack: { kind: 'dev', values: { 'ups.status': 'OL' } } } as const;
  await t.rejects(startUpsd(t, { upses, listen: '203.0.113.1' }), /it said[\s\S]*203\.0\.113\.1/);
});

const skipAsUser = skip || (process.getuid?.() !== 0 && 'network namespaces need root');

t.test('in a network of its own', { skip: skipAsUser }, async (t) => {
  const within = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const upses = { rack: { kind: 'dev', values: { 'ups.status': 'OL' } } } as const;
  const upsd = await startUpsd(t, { upses, within });
  t.match(upsd.log(), `listening on 127.0.0.1 port ${upsd.port}`);
  await t.rejects(upsd.ask('VER'), 'not in ours');
  await upsd.set('rack', 'ups.status', 'OB');
});
