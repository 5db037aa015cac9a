/** The output of a UPS is cut before the coordinator goes off: a real upsd, a real driver, and a UPS that is played. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { SerialUps } from '../../../test/nut/serial-ups.ts';
import { startUpsd, type Upsd } from '../../../test/nut/upsd.ts';
import { managerBench } from '../support/manager-bench.ts';
import { failMains, firstRun, full, untilPhase, upsOf } from '../support/power-bench.ts';
import { agentsOf, ended, execute, getPlan } from '../support/runs-bench.ts';

t.setTimeout(200_000);
const skip = skipWithoutUpsd();
const usersWith = (...commands: string[]) => ({ hecate: { password: 'secret', actions: ['SET'], commands } });
const users = usersWith('shutdown.return', 'shutdown.stop');

const off = (name: string) => ({
  name: `off-${name}`,
  // Of a node on loopback the address always answers: its gate ends with its time.
  steps: [{ poweroff: { nodes: [name] }, timeout: name === 'node-b' ? '40s' : '2s', on_failure: 'continue' }],
});

async function benchOf(t: Test, upsd: Upsd, { password = 'secret', halt = '45s' } = {}) {
  const passwordFile = join(t.testdir(), 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const ups = { name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}`, user: 'hecate', cut_power: true };
  const bench = await managerBench(t, {
    inventory: [
      { name: 'node-a', units: ['x.service'], address: '127.0.0.1' },
      { name: 'node-b', role: 'coordinator', address: '127.0.0.1' },
    ],
    sequences: { shutdown: { stages: [off('node-a'), off('node-b')] } },
    power: {
      upses: [{ ...ups, password_file: passwordFile }],
      poll_interval: '200ms',
      debounce_polls: 2,
      budget: '10s',
      coordinator_halt: halt,
    },
  });
  const agents = await agentsOf(bench, ['node-a', 'node-b']);
  const [host, coordinator] = ['node-a', 'node-b'].map((name) => agents.get(name));
  if (!host || !coordinator) throw new Error('no agents');
  return { bench, host, coordinator, operator: await bench.operator('admin') };
}

const done = (opId: string) => createOperationOutcome({ opId, status: 'done', result: 'done' });

t.test('mains is back too late: it goes on, and the output goes off and comes back', { skip }, async (t) => {
  const serial = await SerialUps.start(t);
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'serial', port: serial.port } }, users });
  const { host, coordinator, operator } = await benchOf(t, upsd);
  host.onApply = async ({ opId, verb }) => {
    if (verb === 'poweroff') {
      serial.mains('on');
      setTimeout(() => host.leave(), 50);
    }
    return done(opId);
  };
  let toldAtPowerOff: string[] = [];
  coordinator.onApply = async ({ opId, verb }) => {
    if (verb === 'poweroff') toldAtPowerOff = serial.told;
    return done(opId);
  };
  await untilPhase(operator, 'online');
  t.notMatch(
    JSON.stringify((await getPlan(operator, { name: 'shutdown' })).findings),
    'cut',
    'it can be cut',
  );
  serial.hurry(60, 120);
  serial.mains('off');
  serial.batteryLow('on');
  await until(() => coordinator.applied.some(({ verb }) => verb === 'poweroff'), {
    what: 'the coordinator is powered off',
  });
  // A minute is what 45 s and the cut itself need, and what the driver can say; it was 30 s.
  t.same(toldAtPowerOff, ['S01R0003'], 'cut before that, and once');
  await until(() => serial.output.length === 2, { what: 'the output goes off and comes back' });
  t.match(serial.output, [/^output off 6\d/, 'output on'], 'not before the coordinator is off');
});

t.test('the coordinator refuses to go off: its power is not cut under way', { skip }, async (t) => {
  const play = async (t: Test, ...commands: string[]) => {
    const serial = await SerialUps.start(t);
    const upses = { rack: { kind: 'serial', port: serial.port } } as const;
    const upsd = await startUpsd(t, { upses, users: usersWith(...commands) });
    const { coordinator, operator } = await benchOf(t, upsd);
    coordinator.onApply = async ({ opId, verb }) =>
      verb === 'poweroff'
        ? createOperationOutcome({ opId, status: 'refused', code: 'HEC_POLICY', message: 'not this host' })
        : done(opId);
    await untilPhase(operator, 'online');
    serial.mains('off');
    serial.batteryLow('on');
    const isTold = async () => (await upsOf(operator)).alerts.find(({ key }) => key === 'not-cut');
    const { sentence } = await until(isTold, { what: 'it is told' });
    return { sentence, serial };
  };
  await t.test('it is taken back', async (t) => {
    const { sentence, serial } = await play(t, 'shutdown.return', 'shutdown.stop');
    t.match(sentence, /^rack-a: the coordinator stays up: .*not this host.*; its output stays on/);
    await until(() => serial.told.length === 2, { what: 'the UPS is told twice' });
    t.same(serial.told, ['S01R0003', 'C']);
    t.same(serial.output, []);
  });
  await t.test('who may not take it back says so', async (t) => {
    const { sentence, serial } = await play(t, 'shutdown.return');
    t.match(sentence, /its output goes off in \d+ s all the same, .*ACCESS-DENIED/);
    t.same(serial.told, ['S01R0003']);
  });
});

t.test('a shutdown of an operator cuts nothing', { skip }, async (t) => {
  const serial = await SerialUps.start(t);
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'serial', port: serial.port } }, users });
  const { operator, coordinator } = await benchOf(t, upsd);
  await untilPhase(operator, 'online');
  await execute(operator, 'shutdown');
  await until(() => coordinator.applied.some(({ verb }) => verb === 'poweroff'), {
    what: 'the coordinator is powered off',
  });
  t.same(serial.told, []);
});

t.test('a UPS that does not offer it, and a password that is wrong', { skip }, async (t) => {
  await t.test('CMD-NOT-SUPPORTED: warned of in good time, and powered off all the same', async (t) => {
    const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values: full } }, users });
    const { operator, coordinator } = await benchOf(t, upsd);
    const isTold = async () => (await upsOf(operator)).alerts.find(({ key }) => key === 'cannot-cut');
    const alert = await until(isTold, { what: 'it is told that it cannot be cut' });
    t.match(alert, { level: 'warning', sentence: /rack-a: it does not offer shutdown\.return; .*load\.off/ });
    const { findings } = await getPlan(operator, { name: 'shutdown' });
    t.match(
      findings.find(({ message }) => /rack-a is to cut its output, and cannot/.test(message)),
      { isError: false },
    );
    await failMains(upsd, operator);
    const { runId } = await firstRun(operator);
    await until(() => coordinator.applied.some(({ verb }) => verb === 'poweroff'), {
      what: 'the coordinator is powered off',
    });
    t.match(await ended(operator, runId), { summary: { plan: 'shutdown' } });
  });

  await t.test('ACCESS-DENIED at use', async (t) => {
    const serial = await SerialUps.start(t);
    const upsd = await startUpsd(t, { upses: { rack: { kind: 'serial', port: serial.port } }, users });
    const { operator, coordinator } = await benchOf(t, upsd, { password: 'not-the-one', halt: '10s' });
    await untilPhase(operator, 'online');
    serial.mains('off');
    serial.batteryLow('on');
    await until(() => coordinator.applied.some(({ verb }) => verb === 'poweroff'), {
      what: 'the coordinator is powered off',
    });
    t.same(serial.told, []);
    const { alerts } = await upsOf(operator);
    t.match(alerts.find(({ key }) => key === 'cannot-cut')?.sentence, /ACCESS-DENIED/);
    t.notMatch(JSON.stringify(alerts), 'not-the-one');
  });
});
