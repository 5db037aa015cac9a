import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import type {
  ActionDeclaration,
  SequenceDeclaration,
  StepDeclaration,
} from '../../src/core/plan/sequence.ts';
import { findingsOf } from './findings-of.ts';

const finding = (text: string): string => findingsOf(text).join(' | ');

function sequencesOf(text: string): readonly SequenceDeclaration[] {
  const result = parseConfig(text, 'host');
  if ('findings' in result) throw new Error(findingsOf(text).join('\n'));
  return result.config.sequences;
}

const file = (step: string): string => `sequences:
  work:
    stages:
      - name: first
        steps:
          - ${step}
`;

function stepOf(step: string): StepDeclaration {
  const found = sequencesOf(file(step))[0]?.stages[0]?.steps[0];
  if (found === undefined) throw new Error('there is no step');
  return found;
}

const unit = {
  type: 'unit',
  nodes: ['a'],
  units: ['b.service'],
  options: undefined,
  successBy: 'outcome',
  isMissingUnitDone: false,
};
const plain = {
  jobMode: '',
  killWho: '',
  signal: 0,
  runtime: false,
  force: false,
  argv: [],
  workingDirectory: '',
};
const on = 'nodes: [a], units: [b]';

/** Each action, as it is written and as it is understood. */
const actions: Record<string, unknown> = {
  [`start: { ${on} }`]: { ...unit, verb: 'start' },
  [`stop: { ${on} }`]: { ...unit, verb: 'stop' },
  [`restart: { ${on} }`]: { ...unit, verb: 'restart' },
  [`try-restart: { ${on} }`]: { ...unit, verb: 'try-restart' },
  [`reload: { ${on} }`]: { ...unit, verb: 'reload' },
  [`reload-or-restart: { ${on} }`]: { ...unit, verb: 'reload-or-restart' },
  [`freeze: { ${on} }`]: { ...unit, verb: 'freeze' },
  [`thaw: { ${on} }`]: { ...unit, verb: 'thaw' },
  [`reset-failed: { ${on} }`]: { ...unit, verb: 'reset-failed' },
  [`kill: { ${on} }`]: { ...unit, verb: 'kill', options: { ...plain, killWho: 'all', signal: 15 } },
  [`kill: { ${on}, signal: "9", who: main }`]: {
    ...unit,
    verb: 'kill',
    options: { ...plain, killWho: 'main', signal: 9 },
  },
  [`kill: { ${on}, signal: sigkill }`]: {
    ...unit,
    verb: 'kill',
    options: { ...plain, killWho: 'all', signal: 9 },
  },
  [`enable: { ${on} }`]: { ...unit, verb: 'enable' },
  [`enable: { ${on}, runtime: true }`]: { ...unit, verb: 'enable', options: { ...plain, runtime: true } },
  [`disable: { ${on}, runtime: true }`]: { ...unit, verb: 'disable', options: { ...plain, runtime: true } },
  [`mask: { ${on}, force: true }`]: { ...unit, verb: 'mask', options: { ...plain, force: true } },
  [`unmask: { ${on} }`]: { ...unit, verb: 'unmask' },
  'daemon-reload: { nodes: [a] }': { ...unit, verb: 'daemon-reload', units: [] },
  [`start: { ${on}, job_mode: fail }`]: { ...unit, verb: 'start', options: { ...plain, jobMode: 'fail' } },
  'start: { nodes: [a] }': { ...unit, verb: 'start', units: 'of-node' },
  [`start: { ${on}, success_by: gate, missing_unit_is_done: true }`]: {
    ...unit,
    verb: 'start',
    successBy: 'gate',
    isMissingUnitDone: true,
  },
  'start: { nodes: ["role:server", all, "srv-[12]*", b], units: [b] }': {
    ...unit,
    verb: 'start',
    nodes: ['role:server', 'all', 'srv-[12]*', 'b'],
  },
  'exec: { nodes: [a], command: [sh, "-c", ""] }': { type: 'exec', nodes: ['a'], argv: ['sh', '-c', ''] },
  'wait: 10s': { type: 'wait', durationMs: 10_000 },
  'wake: { nodes: [a] }': { type: 'wake', nodes: ['a'] },
  'poweroff: { nodes: [a] }': { type: 'power', verb: 'poweroff', nodes: ['a'] },
  'reboot: { nodes: [a] }': { type: 'power', verb: 'reboot', nodes: ['a'] },
  'hook: cordon': { type: 'hook', hook: 'cordon' },
  'gate: { sentence: it is there, tcp: { host: Nas.lan, port: 22 } }': {
    type: 'gate',
    gate: {
      sentence: 'it is there',
      condition: { type: 'tcp', host: 'nas.lan', port: 22 },
      intervalMs: 2000,
      consecutive: 1,
    },
  },
};

for (const [text, action] of Object.entries(actions)) {
  t.test(text, async (t) => {
    t.strictSame(stepOf(text), {
      name: undefined,
      action,
      parallelism: undefined,
      timeoutMs: undefined,
      expectedMs: undefined,
      minimumMs: undefined,
      onFailure: 'abort',
      escalation: [],
      dropAt: undefined,
      place: { key: 'sequences.work.stages[0].steps[0]', line: 6 },
    });
    const escalated = stepOf(`{ wait: 1s, escalate: [{ ${text} }] }`).escalation as ActionDeclaration[];
    t.strictSame(escalated, [action], 'and as an escalation');
  });
}

t.test('the keys of a step', async (t) => {
  const text = `stop: { nodes: [a], units: [b] }
            name: stop b on a
            parallelism: 2
            timeout: 2m
            expected: 20s
            minimum: 0s
            on_failure: continue
            drop_at: forced
            escalate:
              - kill: { nodes: [a], units: [b], signal: INT }
              - hook: cordon`;
  t.match(stepOf(text), {
    name: 'stop b on a',
    parallelism: 2,
    timeoutMs: 120_000,
    expectedMs: 20_000,
    minimumMs: 0,
    onFailure: 'continue',
    dropAt: 'forced',
    escalation: [
      { verb: 'kill', options: { signal: 2 } },
      { type: 'hook', hook: 'cordon' },
    ],
  });
});

t.test('sequences by name, with the kind that their name has, and their places', async (t) => {
  const text = `sequences:
  stop-all:
    kind: shutdown
    stages: [{ name: a, steps: [] }]
  startup:
    stages:
      - name: one
        steps:
          - wait: 1s
          - wait: 2s
        gate:
          sentence: it is up
          node: { nodes: [a], state: online }
          timeout: 1m
          on_failure: continue
      - name: two
  rest: { stages: [] }
  shutdown: { stages: [] }
`;
  const found = sequencesOf(text);
  t.strictSame(
    found.map(({ name, kind, place }) => [name, kind, place.line]),
    [
      ['rest', 'sequence', 17],
      ['shutdown', 'shutdown', 18],
      ['startup', 'startup', 5],
      ['stop-all', 'shutdown', 2],
    ],
  );
  const stages = found[2]?.stages ?? [];
  t.strictSame(
    stages.map(({ name, place }) => [name, place]),
    [
      ['one', { key: 'sequences.startup.stages[0]', line: 7 }],
      ['two', { key: 'sequences.startup.stages[1]', line: 16 }],
    ],
  );
  t.strictSame(
    stages.map(({ steps }) => steps.map(({ place, action }) => [action.type, place.key, place.line])),
    [
      [
        ['wait', 'sequences.startup.stages[0].steps[0]', 9],
        ['wait', 'sequences.startup.stages[0].steps[1]', 10],
        ['gate', 'sequences.startup.stages[0].gate', 11],
      ],
      [],
    ],
  );
  t.match(stages[0]?.steps[2], {
    timeoutMs: 60_000,
    onFailure: 'continue',
    action: { gate: { sentence: 'it is up', condition: { state: 'online' } } },
  });
});

t.test('the order of sequences in the file means nothing', async (t) => {
  const names = (text: string) => sequencesOf(`sequences: { ${text} }`).map(({ name }) => name);
  t.strictSame(names('b: { stages: [] }, a: { stages: [] }'), ['a', 'b']);
});

const wrong: [string, RegExp][] = [
  [
    'name: nothing',
    /^f:6:13: sequences\.work\.stages\[0\]\.steps\[0\]: found a map of keys, expected exactly one action: start, stop, .*, hook; add one of them$/,
  ],
  [
    '{ wait: 1s, hook: a }',
    /^f:6:25: sequences\.work\.stages\[0\]\.steps\[0\]\.hook: found "a", expected exactly one action: .*; remove hook, or make it another item$/,
  ],
  ['stpo: { nodes: [a] }', /steps\[0\]\.stpo: found an unknown key, .*; did you mean stop\?/],
  ['{ wait: 1s, on_failur: abort }', /\.on_failur: found an unknown key, .*did you mean on_failure\?/],
  [
    '{ wait: 1s, timeout: 2 minutes }',
    /^f:6:25: .*\.timeout: found "2 minutes", expected a duration from 100ms to 1d.*; write for example timeout: 2m$/,
  ],
  ['{ wait: 1s, timeout: 2d }', /expected a duration from 100ms to 1d/],
  ['{ wait: 1s, expected: -1s }', /expected a duration from 0ms to 1d/],
  ['{ wait: 1s, on_failure: escalate }', /expected one of abort, continue, retry/],
  ['{ wait: 1s, drop_at: full }', /expected one of short, forced, panic/],
  ['{ wait: 1s, parallelism: 0 }', /expected a whole number from 1 to 1024/],
  ['{ wait: 1s, name: "" }', /expected a text of one line, 1 to 200 characters/],
  ['{ wait: 1s, name: "a\\nb" }', /expected a text of one line/],
  ['{ wait: 1s, escalate: [{}] }', /\.escalate\[0\]: .*expected exactly one action/],
  ['{ wait: 1s, escalate: [{ wait: 1s, timeout: 1s }] }', /\.escalate\[0\]\.timeout: found an unknown key/],
  ['wait: 0s', /expected a duration from 100ms to 1d/],
  ['hook: "Cordon All"', /\.hook: .*expected a name: 1 to 63 of a-z/],
  ['stop: [a]', /\.stop: found a list of 1, expected a map of keys; write for example stop: /],
  ['stop: { units: [b] }', /\.stop\.nodes: found nothing, expected a list of 1 to 1024 nodes/],
  ['stop: { nodes: [] }', /expected a list of 1 to 1024 nodes/],
  [
    'stop: { nodes: [A] }',
    /^f:6:29: .*\.stop\.nodes\[0\]: found "A", expected the name of a node, a pattern such as/,
  ],
  ['stop: { nodes: ["role:master"] }', /or "role:" and one of server, agent, storage, coordinator, other/],
  ['stop: { nodes: ["A*"] }', /expected the name of a node, a pattern/],
  [
    'stop: { nodes: [a], units: ["k3s*"] }',
    /expected the name of a unit, such as k3s\.service, without patterns/,
  ],
  ['stop: { nodes: [a], units: [] }', /expected a list of 1 to 64 units/],
  ['stop: { nodes: [a], job_mode: quick }', /expected one of replace, fail, lenient/],
  ['stop: { nodes: [a], signal: KILL }', /\.stop\.signal: found an unknown key/],
  ['stop: { nodes: [a], success_by: luck }', /expected one of outcome, gate/],
  ['kill: { nodes: [a], signal: KIL }', /expected a signal by its name, such as TERM/],
  ['kill: { nodes: [a], signal: 9 }', /found the number 9 without quotes/],
  ['kill: { nodes: [a], signal: "65" }', /expected a signal/],
  ['kill: { nodes: [a], signal: "0" }', /expected a signal/],
  ['kill: { nodes: [a], who: child }', /expected one of all, main, control/],
  ['daemon-reload: { nodes: [a], units: [b] }', /\.units: found an unknown key/],
  ['unmask: { nodes: [a], force: true }', /\.force: found an unknown key/],
  ['enable: { nodes: [a], runtime: yes }', /expected true or false/],
  ['exec: { nodes: [a] }', /\.exec\.command: found nothing, expected a list of 1 to 256 words/],
  ['exec: { nodes: [a], command: [""] }', /expected a program/],
  ['exec: { nodes: [a], command: ["a\\0b"] }', /expected a text of at most 4096 characters/],
  ['poweroff: all', /\.poweroff: found "all", expected a map of keys/],
];

for (const [text, expected] of wrong) {
  t.test(`refused: ${text}`, async (t) => {
    t.match(finding(file(text)), expected);
    t.match(finding(file(text)), /^f:6:\d+: sequences\.work\.stages\[0\]\.steps\[0\]/);
    t.equal(findingsOf(file(text)).length, 1);
  });
}

t.test('names and kinds of sequences', async (t) => {
  const of = (name: string, more = ''): string => finding(`sequences:\n  ${name}: { stages: []${more} }`);
  for (const name of ['a', 'backup-1', 'startup', 'shutdown']) t.equal(of(name), 'valid');
  for (const name of ['Backup', '1a', 'a.b', 'a/b', 'a_b', `"${'a'.repeat(64)}"`]) {
    t.match(
      of(name),
      /^f:2:3: sequences\..*: found the name ".*", expected a name: 1 to 63 of a-z.*; name it otherwise$/,
    );
  }
  for (const name of ['check', 'list']) {
    t.match(of(name), /^f:2:3: sequences\.\w+: .*expected a name other than check and list;/);
  }
  t.equal(of('startup', ', kind: startup'), 'valid');
  t.equal(of('a', ', kind: startup'), 'valid');
  t.match(
    of('shutdown', ', kind: startup'),
    /^f:2:27: sequences\.shutdown\.kind: found "startup", expected shutdown: the built-in/,
  );
  t.match(of('a', ', kind: stop'), /expected one of startup, shutdown, sequence/);
  t.match(
    finding('sequences: { a: {} }'),
    /sequences\.a\.stages: found nothing, expected a list of at most 64 stages/,
  );
  t.match(finding('sequences: [a]'), /sequences: found a list of 1, expected a map of keys/);
  t.match(
    finding('sequences: { a: { stages: [{ name: B }] } }'),
    /stages\[0\]\.name: found "B", expected a name/,
  );
  t.match(finding('sequences: { a: { stages: [{ steps: [] }] } }'), /stages\[0\]\.name: found nothing/);
});

t.test('limits', async (t) => {
  const list = (count: number, item: string) => `[${Array.from({ length: count }, () => item).join(', ')}]`;
  const stages = (value: string): string => finding(`sequences: { a: { stages: ${value} } }`);
  t.equal(stages(list(64, '{ name: a }')), 'valid');
  t.match(stages(list(65, '{ name: a }')), /expected a list of at most 64 stages/);
  t.match(stages(`[{ name: a, steps: ${list(65, '{ wait: 1s }')} }]`), /expected a list of at most 64 steps/);
  t.match(
    finding(file(`{ wait: 1s, escalate: ${list(9, '{ wait: 1s }')} }`)),
    /expected a list of at most 8 actions/,
  );
  const many = Array.from({ length: 65 }, (_, i) => `a${i}: { stages: [] }`).join(', ');
  t.match(finding(`sequences: { ${many} }`), /expected at most 64 sequences; remove some/);
});
