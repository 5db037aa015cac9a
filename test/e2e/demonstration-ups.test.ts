/** The fake upsd of the demonstration says what a real one says, to whoever watches it. */
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startFakeUpsd } from '../../scripts/demo/fake-upsd.ts';
import { startRealUpsd, type ToldUps } from '../../scripts/demo/told-ups.ts';
import { skipWithoutUpsd } from '../nut/nut-programs.ts';
import { watchUps } from '../nut/watched-ups.ts';

t.setTimeout(60_000);

const full = { 'ups.status': 'OL', 'battery.runtime': '180', 'battery.charge': '100', 'ups.load': '35' };

/** The answer to each line, on one connection. */
function talk({ host, port }: ToldUps, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(`${lines.join('\n')}\n`));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

async function saysTheSame(t: Test, ups: ToldUps): Promise<void> {
  const watched = watchUps(t, ups);
  const { reading } = await watched.nextFlags('OL');
  t.match(reading, { runtimeMs: 180_000, chargePercent: 100, loadPercent: 35 });
  await ups.set({ 'ups.status': 'OB DISCHRG', 'battery.runtime': '150' });
  const onBattery = await watched.next('the new runtime', (sample) => sample.reading?.runtimeMs === 150_000);
  t.match(
    onBattery.reading,
    { flags: ['OB', 'DISCHRG'], chargePercent: 100 },
    'what was not told anew stays',
  );
  t.same(watched.troubles, []);
  const nobody = watchUps(t, ups, { nutName: 'nobody' });
  await nobody.nextFailure('unknown-ups');
  t.equal(
    await talk(ups, [
      'GET VAR rack ups.status',
      'GET VAR rack no.such',
      'LIST VAR other',
      'NONSENSE',
      'LOGOUT',
    ]),
    [
      'VAR rack ups.status "OB DISCHRG"',
      'ERR VAR-NOT-SUPPORTED',
      'ERR UNKNOWN-UPS',
      'ERR UNKNOWN-COMMAND',
      'OK Goodbye',
      '',
    ].join('\n'),
  );
}

t.test('a real upsd', { skip: skipWithoutUpsd() }, async (t) =>
  saysTheSame(t, await startRealUpsd(t, 'rack', full)),
);

t.test('the fake upsd', async (t) => saysTheSame(t, await startFakeUpsd(t, 'rack', full)));
