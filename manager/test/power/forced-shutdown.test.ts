/** FSD for NUT secondaries, on a real upsd: past the point of no return, and not before. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../test/nut/upsd.ts';
import { readCredentials } from '../../src/power/forced-shutdown.ts';
import { managerBench } from '../support/manager-bench.ts';
import { failMains, firstRun, full, untilPhase, upsOf } from '../support/power-bench.ts';
import { agentsOf } from '../support/runs-bench.ts';

t.setTimeout(120_000);
const skip = skipWithoutUpsd();

async function bench(t: Test, password: string) {
  const users = { hecate: { password: 'secret', upsmon: 'primary' as const } };
  const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values: full } }, users });
  const passwordFile = join(t.testdir(), 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const made = await managerBench(t, {
    inventory: [{ name: 'node-a', units: ['x.service'], address: '127.0.0.1' }],
    sequences: {
      shutdown: {
        stages: [
          { name: 'stop', steps: [{ stop: { nodes: ['node-a'] }, timeout: '20s' }] },
          { name: 'off', steps: [{ poweroff: { nodes: ['node-a'] }, timeout: '20s' }] },
        ],
      },
    },
    power: {
      upses: [
        {
          name: 'rack-a',
          ups: `rack@127.0.0.1:${upsd.port}`,
          user: 'hecate',
          password_file: passwordFile,
          forced_shutdown: true,
        },
      ],
      poll_interval: '200ms',
      debounce_polls: 2,
      budget: '10s',
    },
  });
  const operator = await made.operator('admin');
  const status = () => upsd.ask('GET VAR rack ups.status');
  return { upsd, made, operator, status };
}

t.test('set when the first host is powered off', { skip }, async (t) => {
  const { upsd, made, operator, status } = await bench(t, 'secret');
  const agents = await agentsOf(made, ['node-a']);
  const agent = agents.get('node-a');
  if (!agent) throw new Error('no agent');
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  agent.onApply = async ({ opId }) => {
    await held;
    return createOperationOutcome({ opId, status: 'done', result: 'done' });
  };
  await untilPhase(operator, 'online');
  await failMains(upsd, operator);
  await firstRun(operator);
  await untilPhase(operator, 'triggered');
  t.notMatch(await status(), /FSD/, 'while units stop');
  release();
  await until(async () => /FSD/.test(await status()), { what: 'FSD is set' });
  t.match(await upsOf(operator), { phase: /committed|hosts-off|triggered/ });
});

t.test('a password that upsd refuses is told in good time', { skip }, async (t) => {
  const { operator } = await bench(t, 'wrong');
  const alert = await until(
    async () => (await upsOf(operator)).alerts.find(({ key }) => key === 'cannot-set-fsd'),
    { what: 'it is told' },
  );
  t.match(alert, { level: 'critical', sentence: /rack-a: FSD cannot be set .*ACCESS-DENIED/ });
});

t.test('passwords: of one reader', async (t) => {
  const passwordFile = join(t.testdir({ password: 'secret\n' }), 'password');
  const read = () => readCredentials({ user: 'hecate', passwordFile });
  chmodSync(passwordFile, 0o600);
  t.same(read(), { username: 'hecate', password: 'secret' });
  for (const mode of [0o640, 0o604, 0o644]) {
    chmodSync(passwordFile, mode);
    t.throws(read, { code: 'HEC_CONFIG', message: /expected 0600/ }, mode.toString(8));
  }
  chmodSync(passwordFile, 0o600);
  writeFileSync(passwordFile, '\n');
  t.throws(read, { code: 'HEC_CONFIG', message: /expected one line/ });
  t.throws(() => readCredentials({ user: 'hecate', passwordFile: '/nowhere' }), {
    code: 'HEC_CONFIG',
    message: /\/nowhere: cannot be read/,
  });
});
