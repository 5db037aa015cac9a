/**
 * Manager and agent as systemd runs them: ready when they say so, fed watchdogs, and started again when they hang.
 * What matters of their units is taken from the files that are installed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fleetForTest, skipUnless } from '../nodes/fleet-for-test.ts';
import type { FleetNode } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { freePort } from '../site/manager-process.ts';

/** Shorter than the 30 s of the installed units, long enough for a busy machine. */
const watchdogSeconds = 5;
/** The other keys confine a system service, and mean nothing to a user's. */
const kept = ['Type', 'NotifyAccess', 'ExecReload', 'Restart', 'RestartSec'];

function unitFrom(file: string, execStart: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../systemd', file), 'utf8');
  const lines = text.split('\n').filter((line) => kept.includes(line.split('=', 1)[0] ?? ''));
  if (lines.length !== kept.length) throw new Error(`${file} does not set all of ${kept.join(', ')}`);
  return ['[Service]', ...lines, `ExecStart=${execStart}`, `WatchdogSec=${watchdogSeconds}s`, ''].join('\n');
}

async function property(node: FleetNode, unit: string, name: string): Promise<string> {
  return (await node.systemctl('show', '--value', `--property=${name}`, unit)).stdout.trim();
}

t.test('as services of systemd', { skip: await skipUnless('user'), timeout: 90_000 }, async (t) => {
  const fleet = await fleetForTest(t, { kind: 'user', names: ['host'] });
  const node = fleet.node('host');
  const program = join(node.repository, 'node_modules/.bin/node');
  const run = (name: string) => `${program} ${node.repository}/${name}`;
  const port = await freePort();
  const folder = `${node.home}/manager`;
  const agentFolder = `${node.home}/agent`;
  const config = {
    listen: [`127.0.0.1:${port}`],
    names: ['127.0.0.1'],
    sockets: [{ path: `${folder}/manager.sock`, role: 'admin', mode: '0600' }],
    heartbeat_interval: '1s',
    metrics: { enabled: false },
    audit: { file: `${folder}/audit.jsonl` },
    state_directory: `${folder}/state`,
  };
  await node.writeFile(`${folder}/hecate.yaml`, JSON.stringify(config));
  await node.writeFile(
    `${agentFolder}/agent.conf`,
    `[Agent]\nManager=127.0.0.1:${port}\nBus=user\nIdentityDirectory=${agentFolder}/identity\nStateDirectory=${agentFolder}/state\nPolicyFile=${agentFolder}/policy.conf\n`,
  );
  await node.writeFile(`${agentFolder}/policy.conf`, '[Policy]\nAllow=* *\n');
  const manager = 'hecate-manager.service';
  const agent = 'hecate-agent.service';
  const managerStart = `${run('manager/bin/hecate-manager.js')} --config ${folder}/hecate.yaml`;
  const agentStart = `${run('agent/bin/hecate-agent.js')} run --config ${agentFolder}/agent.conf`;
  await node.writeFile(`${node.unitFolder}/${manager}`, unitFrom(manager, managerStart));
  await node.writeFile(`${node.unitFolder}/${agent}`, unitFrom(agent, agentStart));
  await node.systemctl('daemon-reload');
  const ctl = (argv: readonly string[]) =>
    node.run([program, join(node.repository, 'ctl/bin/hecatectl.js'), ...argv], {
      env: { HECATE_SOCKET: `${folder}/manager.sock` },
    });
  const isOnline = async () => (await ctl(['list-nodes', '--no-legend'])).stdout.includes('online');

  await t.test('they become active when they are ready', async (t) => {
    const started = await node.systemctl('start', manager);
    t.equal(started.exitCode, 0, started.stderr);
    t.equal(await property(node, manager, 'StatusText'), 'epoch 1');
    t.equal((await ctl(['ca', 'init'])).exitCode, 0, 'it answers as soon as it is started');
    const token = (await ctl(['node', 'enroll', 'host'])).stdout;
    const join = [
      ...run('agent/bin/hecate-agent.js').split(' '),
      'join',
      '--config',
      `${agentFolder}/agent.conf`,
    ];
    await node.runOrThrow(join, { input: token });
    const agentStarted = await node.systemctl('start', agent);
    t.equal(agentStarted.exitCode, 0, agentStarted.stderr);
    await until(isOnline, { what: 'the agent is online' });
    await until(async () => (await property(node, agent, 'StatusText')).includes('connected to'), {
      what: 'systemctl status tells whom it is connected to',
    });
    const reloaded = await node.systemctl('reload', manager, agent);
    t.equal(reloaded.exitCode, 0, reloaded.stderr);
    // `reloading` until it says that it is ready again.
    for (const unit of [manager, agent])
      await until(async () => (await property(node, unit, 'ActiveState')) === 'active', {
        what: `${unit} has reloaded`,
      });
  });

  await t.test('they feed their watchdogs', async () => {
    for (const unit of [manager, agent]) {
      const fedAt = () => property(node, unit, 'WatchdogTimestampMonotonic').then(Number);
      const before = await fedAt();
      await until(async () => (await fedAt()) > before, {
        what: `${unit} fed its watchdog`,
        intervalMs: 100,
      });
    }
  });

  await t.test('systemd gives neither up, however often it crashes', async (t) => {
    const text = (file: string) => readFileSync(join(import.meta.dirname, '../../systemd', file), 'utf8');
    for (const file of [manager, agent]) t.match(text(file), /^StartLimitIntervalSec=0$/m, file);
  });

  await t.test('frozen, they are started again by the watchdog', async (t) => {
    const units = [manager, agent];
    const before = await Promise.all(units.map((unit) => property(node, unit, 'MainPID')));
    t.strictSame(await Promise.all(units.map((unit) => property(node, unit, 'NRestarts'))), ['0', '0']);
    for (const pid of before) node.freeze(node.hostPid(Number(pid)));
    for (const unit of units) {
      await until(async () => (await property(node, unit, 'NRestarts')) === '1', {
        what: `${unit} was started again`,
        timeoutMs: 40_000,
        intervalMs: 100,
      });
    }
    await until(isOnline, { what: 'all is as it was' });
    const after = await Promise.all(units.map((unit) => property(node, unit, 'MainPID')));
    t.ok(
      after.every((pid, i) => pid !== before[i] && pid !== '0'),
      after.join(', '),
    );
    t.equal(JSON.parse((await ctl(['health', '-o', 'json'])).stdout).epoch, 2);
    const { stdout: journal } = await node.run(['journalctl', '--no-pager', '-D', '/var/log/journal']);
    t.comment(
      journal
        .split('\n')
        .filter((line) => line.includes('atchdog'))
        .join('\n'),
    );
  });

  await t.test('stopped, they end in order', async (t) => {
    t.equal((await node.systemctl('stop', agent, manager)).exitCode, 0);
    for (const unit of [manager, agent]) {
      t.equal(await property(node, unit, 'Result'), 'success', unit);
      t.equal(await property(node, unit, 'ActiveState'), 'inactive', unit);
    }
  });
});
