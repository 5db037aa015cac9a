/** Ctrl-C, a closed pipe, a killed hecatectl: the exit status is right, and nothing is left behind anywhere. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { shellExitCode } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { operate, startCtl } from './support/ctl.ts';

const skip = await skipUnless('user');
t.setTimeout(120_000);

const units = {
  'talks.service':
    "[Service]\nExecStart=/bin/sh -c 'echo begin; while :; do sleep 0.2; echo still here; done'\n",
  'slow.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 3\n',
  // Nothing more comes: whoever follows it is not ended by a write into a closed pipe.
  'quiet.service': "[Service]\nExecStart=/bin/sh -c 'echo begin; exec sleep 1000'\n",
  'quick.service': '[Service]\nExecStart=/bin/sleep 1000\n',
};

t.test('interrupts', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units });
  const { manager } = site;
  const alpha = site.node('alpha');
  await operate(manager, 'start', '--all', 'talks', 'quiet');

  /** Sessions of operators, without the one that asks. */
  const operators = async (): Promise<number> => {
    const line = /^hecate_sessions\{kind="operator"\} (\d+)$/m.exec(await manager.ctlOrThrow('metrics'));
    return Number(line?.[1]) - 1;
  };
  const untilNothingIsLeft = async (): Promise<void> => {
    await until(async () => (await operators()) === 0, { what: 'no session of an operator is left' });
    for (const node of site.fleet.nodes) {
      await until(async () => (await node.run(['pgrep', '-x', 'journalctl|systemd-run'])).exitCode === 1, {
        what: `no child of the agent is left on ${node.name}`,
      });
    }
  };

  t.test('start: says what was not answered, and the operation has its outcome all the same', async (t) => {
    const running = startCtl(manager, 'start', 'alpha,beta', 'slow,quick');
    await until(() => (running.stdout().match(/quick\.service +started/g) ?? []).length === 2, {
      what: 'the quick ones have answered',
    });
    running.child.kill('SIGINT');
    t.equal(await running.ended, 130);
    t.match(
      running.stderr(),
      /interrupted: 2 answered; not answered: alpha slow\.service, beta slow\.service/,
    );
    t.match(running.stderr(), /next: /);
    await untilNothingIsLeft();
    t.equal((await manager.ctl(['wait', 'alpha', 'slow', '--for', 'active'])).exitCode, 0);
    await until(
      () =>
        manager.audit().filter(({ unit, outcome }) => unit === 'slow.service' && outcome === 'done')
          .length === 2,
      { what: 'both outcomes are in the audit log' },
    );
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    t.test(`streams ended by ${signal}`, async (t) => {
      const status = signal === 'SIGKILL' ? 137 : 130;
      const commands = [
        ['logs', '-f', '--all', 'quiet'],
        ['monitor'],
        ['wait', '--all', 'talks', '--for', 'failed'],
        ['exec', '--all', '--', 'sh', '-c', 'echo begin; sleep 1000'],
      ];
      const running = commands.map((command) => startCtl(manager, ...command));
      await until(async () => (await operators()) === commands.length, { what: 'all are connected' });
      await until(() => [0, 3].every((i) => running[i]?.stdout().includes('begin')), {
        what: 'output has come',
      });
      for (const { child } of running) child.kill(signal);
      for (const [index, { ended, stderr }] of running.entries()) {
        t.equal(await ended, status, `${commands[index]?.join(' ')}: ${stderr()}`);
      }
      await untilNothingIsLeft();
    });
  }

  t.test('a reader that has seen enough: no word about it', async (t) => {
    for (const command of ['logs -f -n 5 alpha talks', 'list-unit-files --all', 'logs -n all alpha talks']) {
      const argv = manager.ctlCommand(command.split(' ')).map((word) => `'${word}'`);
      const script = `${argv.join(' ')} | head -n 1; exit \${PIPESTATUS[0]}`;
      const shell = spawn('bash', ['-c', script], {
        env: manager.ctlEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      shell.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      shell.stdout.resume();
      const [code, signal] = (await once(shell, 'close')) as [number | null, NodeJS.Signals | null];
      t.strictSame([shellExitCode(code, signal), stderr], [0, ''], command);
    }
    await untilNothingIsLeft();
  });

  t.test('many times over: nothing grows', async (t) => {
    const watchers = Array.from({ length: 12 }, () =>
      startCtl(manager, 'logs', '-f', '-n', '1', 'alpha', 'talks'),
    );
    await until(() => watchers.every(({ stdout }) => stdout() !== ''), { what: 'all of them read' });
    t.equal((await alpha.run(['pgrep', '-c', '-x', 'journalctl'])).stdout.trim(), '12');
    for (const { child } of watchers) child.kill('SIGINT');
    t.strictSame(new Set(await Promise.all(watchers.map(({ ended }) => ended))), new Set([130]));
    await untilNothingIsLeft();
    t.strictSame(await site.connections(), { alpha: 'online', beta: 'online' });
  });
});
