/** What hecatectl makes of configurations of BlueChi and Hirte is what our own programs read. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { parseAgentConfig } from '../../agent/src/core/agent-config.ts';
import { importBluechi } from '../../ctl/src/core/import/bluechi.ts';
import { runCtl } from '../../ctl/test/support/run-ctl.ts';
import { schemaProblem } from '../../ctl/test/support/schema.ts';
import { parseConfig } from '../../manager/src/config/load-config.ts';
import { execute } from '../nodes/execute.ts';
import '../support/property-seed.ts';

t.setTimeout(120_000);

const fixture = (name: string): string => join(import.meta.dirname, '../fixtures/bluechi', name);
const folder = mkdtempSync(join(tmpdir(), 'hecate-import-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('a controller: the manager takes it', async (t) => {
  const to = join(folder, 'hecate.yaml');
  const made = await runCtl(['config', 'import', '--from', fixture('controller.conf'), '--to', to]);
  t.equal(made.exitCode, 0, made.stderr);
  t.equal(made.stdout, '');
  for (const what of [
    /:6: AllowedNodeNames=Laptop_1: its name is laptop-1 here/,
    /AllowedNodeNames=bad\.\.name: left out/,
    /:13: NodeHeartbeatThreshold=6000/,
    /TCPKeepAliveTime=1: /,
    /Misspelt=yes: neither/,
  ])
    t.match(made.stderr, what);
  t.notMatch(made.stderr, /LogTarget|LogIsQuiet|UseTCP/, 'what is so here, too, is no news');
  const manager = join(import.meta.dirname, '../../manager/bin/hecate-manager.js');
  const check = await execute([process.execPath, manager, '--check', '--config', to]);
  t.equal(check.exitCode, 0, check.stderr);
  const parsed = parseConfig(readFileSync(to, 'utf8'), 'host');
  t.match('config' in parsed && parsed.config, {
    nodes: ['agent-007', 'agent-123', 'laptop-1'],
    listen: [{ host: '0.0.0.0', port: 8421 }],
    heartbeatIntervalMs: 3000,
    log: { level: 'debug' },
  });
  const again = await runCtl(['config', 'import', '--from', fixture('controller.conf'), '--to', to]);
  t.equal(again.exitCode, 2, 'a file that is there stays');
});

t.test('Hirte, with a drop-in, as JSON', async (t) => {
  const from = [fixture('hirte.conf'), fixture('90-nodes.conf')].flatMap((file) => ['--from', file]);
  const { stdout, exitCode, stderr } = await runCtl(['config', 'import', ...from, '-o', 'json']);
  t.equal(exitCode, 0, stderr);
  const document = JSON.parse(stdout) as { text: string; notes: { key: string }[] };
  t.equal(schemaProblem('config-import', document), undefined);
  t.same(
    document.notes.map(({ key }) => key),
    ['ManagerPort'],
  );
  const parsed = parseConfig(document.text, 'host');
  t.match('config' in parsed && parsed.config, { nodes: ['baz'], log: { level: 'error' } });
});

t.test('agents: hecate-agent takes it', async (t) => {
  const expected = {
    'agent.conf': { nodeName: 'agent-007', managers: [{ host: '192.0.2.7', port: 8421 }], logLevel: 'warn' },
    'hirte-agent.conf': {
      nodeName: 'foo',
      managers: [{ host: '2001:db8::1', port: 2020 }],
      logLevel: 'info',
    },
  };
  for (const [name, config] of Object.entries(expected)) {
    const { stdout, exitCode } = await runCtl(['config', 'import', '--from', fixture(name)]);
    t.equal(exitCode, 0);
    t.match(parseAgentConfig(stdout, name), config, name);
  }
});

t.test('whatever stands in their file, ours can be read', async () => {
  const key = fc.constantFrom(
    ...['AllowedNodeNames', 'ControllerPort', 'ManagerPort', 'HeartbeatInterval', 'NodeHeartbeatThreshold'],
    ...['LogLevel', 'NodeName', 'ControllerHost', 'ManagerAddress', 'ControllerAddress', 'X', 'LogTarget'],
  );
  const word = fc.constantFrom(
    'a',
    'A_b',
    '842',
    '8421',
    '-1',
    '1e9',
    'tcp:host=h,port=1',
    '#',
    '"',
    "': {",
    '*',
    '::1',
  );
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.array(word).map((words) => words.join(',')),
  );
  const keys = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 8 });
  const text = (section: string, pairs: [string, string][]): string =>
    [`[${section}]`, ...pairs.map(([name, given]) => `${name}=${given.replace(/[\r\n]/g, ' ')}`), ''].join(
      '\n',
    );
  fc.assert(
    fc.property(keys, (pairs) => {
      const manager = importBluechi([{ name: 'x', text: text('hirte', pairs) }]);
      const parsed = parseConfig(manager.text, 'host');
      if ('findings' in parsed) throw new Error(JSON.stringify(parsed.findings));
      parseAgentConfig(importBluechi([{ name: 'x', text: text('hirte-agent', pairs) }]).text, 'x');
    }),
    { numRuns: 500 },
  );
});

t.test('what cannot be imported says why, and writes nothing', async (t) => {
  const to = join(folder, 'nothing.yaml');
  const none = await runCtl(['config', 'import', '--from', '/nonexistent', '--to', to]);
  t.match(none, { exitCode: 2, stderr: /cannot be read/ });
  const other = await runCtl(['config', 'import', '--from', '/etc/passwd', '--to', to]);
  t.match(other, { exitCode: 2, stderr: /HEC_CONFIG/ });
  t.equal((await runCtl(['config', 'import'])).exitCode, 2);
  t.notOk(existsSync(to));
});
