import t from 'tap';
import { failure, listNodes, listUnits, read } from '../support/answers.ts';
import { schemaProblem } from '../support/schema.ts';
import { withManager } from '../support/with-manager.ts';

t.test('list-nodes', async (t) => {
  const { ctl, manager } = await withManager(t, { listNodes });
  const shown = await ctl('list-nodes');
  t.equal(shown.exitCode, 0);
  const [legend = '', a = '', b = '', c = ''] = shown.stdout.split('\n');
  t.match(legend, /^NODE +STATE +LAST SEEN +UNITS +FAILED +AGENT +ADDRESS +NOTE$/);
  t.match(a, /^node-a +online +now +2 +0 /);
  t.match(b, /^node-b +online +now +2 +1 /);
  t.match(
    c,
    /^node-c +offline .* ago +\? +\? .*nothing heard/,
    'nothing is claimed of the units of a node that is offline',
  );
  t.equal(shown.stderr, '');
  t.match(manager.hellos[0]?.name, /\(uid \d+\)$/, 'the audit log learns who it is');

  const json = JSON.parse((await ctl('list-nodes', 'node-a,node-c', '-o', 'json')).stdout);
  t.equal(schemaProblem('nodes', json), undefined);
  t.same(
    json.map(({ node }: { node: string }) => node),
    ['node-a', 'node-c'],
  );
  t.equal((await ctl('list-nodes', '--no-legend')).stdout.split('\n').length, 4);
  const lines = (await ctl('list-nodes', '-o', 'jsonl')).stdout.trim().split('\n');
  t.equal(
    schemaProblem(
      'nodes',
      lines.map((line) => JSON.parse(line)),
    ),
    undefined,
    'jsonl: the same objects',
  );
});

t.test('list-units: what is not heard is unknown, and text of others is harmless', async (t) => {
  const { ctl, manager } = await withManager(t, { listUnits });
  const shown = await ctl('list-units');
  t.equal(shown.exitCode, 0);
  t.match(shown.stdout, /^node-b +k3s.service +loaded +failed /m);
  t.match(shown.stdout, /^node-c +k3s.service +loaded +unknown +unknown /m);
  t.notMatch(shown.stdout, '\x1b', 'no escape sequence');
  t.match(shown.stdout, '\\x1b]0;owned\\x07 red');
  t.match(shown.stderr, /not heard now: node-c/);
  const json = JSON.parse((await ctl('list-units', '-o', 'json')).stdout);
  t.equal(schemaProblem('units', json), undefined);
  t.match(
    json.find(({ node }: { node: string }) => node === 'node-c'),
    { active_state: 'unknown', is_stale: true },
  );

  await ctl('list-units', 'node-a', 'k3s,back*', '--all', '--state', 'active,inactive', '--type=service');
  t.match(manager.requests.at(-1), {
    case: 'listUnits',
    value: {
      nodes: { patterns: ['node-a'], all: false },
      patterns: ['k3s.service', 'back*'],
      states: ['active', 'inactive'],
      types: ['service'],
      inactiveToo: true,
    },
  });
  const nothing = await ctl('list-units', 'node-a', 'nosuch*');
  t.match(nothing, { exitCode: 0, stderr: /^0 loaded units listed/ }, 'like systemctl');
  t.equal((await ctl('list-units', 'node-a', 'nosuch*', '-q')).stderr, '');
  t.equal((await ctl('list-units', 'node-c')).exitCode, 69, 'one node was asked for, and it is silent');
});

t.test('list-unit-files', async (t) => {
  const files = [
    { path: '/etc/systemd/system/k3s.service', state: 'enabled' },
    { path: '/lib/systemd/system/a.timer', state: 'masked' },
  ];
  const { ctl } = await withManager(t, {
    read: read((node) =>
      node === 'node-a'
        ? [
            { case: 'unitFiles', value: { node, files } },
            { case: 'result', value: { result: { case: 'done', value: {} } } },
          ]
        : failure('HEC_POLICY', 'reading is not allowed', 'see the policy'),
    ),
  });
  const shown = await ctl('list-unit-files', '--all');
  t.equal(shown.exitCode, 69, 'offline is worse than refused');
  t.match(shown.stdout, /^node-a +a.timer +masked /m);
  t.match(shown.stderr, /node-b: reading is not allowed \(HEC_POLICY\)\n +next: see the policy/);
  const json = await ctl('list-unit-files', 'node-a,node-b', '-o', 'json');
  t.equal(json.exitCode, 77);
  t.equal(schemaProblem('unit-files', JSON.parse(json.stdout)), undefined);
});
