import t from 'tap';
import { displayWidth } from '../../src/core/display-width.ts';
import { runTree, type TreeView } from '../../src/core/run-tree.ts';
import { coordinatorGoing, operation, reportOf } from '../support/run-answers.ts';

const view: TreeView = { width: 80, heightMax: undefined, sinceReportMs: 3000, paint: (text) => text };

const waiting = reportOf(
  'running',
  {
    '1.1': {
      state: 'degraded',
      durationMs: 12_000,
      why: 'wrk-2 did not end in time',
      operations: [operation('wrk-1', 'done'), operation('wrk-2', 'timeout', { message: 'after 10 s' })],
    },
    '1.2': {
      state: 'running',
      durationMs: 20_000,
      waitingFor: 'the workers have stopped',
      details: ['wrk-2: k3s-agent.service is deactivating'],
    },
  },
  { timeLimitMs: 600_000, armed: ['wrk-1'], degradations: ['rung short: 8min are left', 'step 1.1 (…): …'] },
);

const golden = (text: string): string[] => text.split('\n').slice(1, -1);

t.test('a run that waits: elapsed, expected, bound; the gate, and why it does not hold yet', async (t) => {
  t.same(
    runTree(waiting, view),
    golden(`
shutdown (poweroff)  01KASVJ5T0ABCDEFGHJKMNPQRS  running
elapsed 1 min 15 s · expected 3 min · at most 14 min · limit 10 min
▸ stage 1: workers                                                          35 s
  ! 1.1 stop k3s-agent.service on 2 nodes: degraded                         12 s
      wrk-2 did not end in time
      wrk-2 stop k3s-agent.service: timeout: after 10 s
  ▸ 1.2 the workers have stopped              23 s, expected 20 s, at most 2 min
        wrk-2: k3s-agent.service is deactivating
· stage 2: power off coordinator
  · 2.1 power off pi                                expected 20 s, at most 2 min
degraded: rung short: 8min are left
may hold a dead man's order: wrk-1
`),
  );
});

t.test('a gate whose step has a name of its own is told as its sentence', async (t) => {
  const gate = { state: 'running', name: 'gate of workers', waitingFor: 'the workers have stopped' };
  const lines = runTree(reportOf('running', { '1.2': gate }), view);
  t.ok(lines.includes('      waiting until the workers have stopped'));
  const dry = runTree(reportOf('done', { '1.2': { ...gate, state: 'would-run' } }), view);
  t.ok(dry.includes('      it would wait until the workers have stopped'));
});

t.test('the last step of a shutdown', async (t) => {
  t.same(
    runTree(coordinatorGoing, view),
    golden(`
shutdown (poweroff)  01KASVJ5T0ABCDEFGHJKMNPQRS  running
elapsed 1 min 15 s · expected 3 min · at most 14 min
✓ stage 1: workers                                                          32 s
  ✓ 1.1 stop k3s-agent.service on 2 nodes                                   12 s
  ✓ 1.2 the workers have stopped                                            20 s
▸ stage 2: power off coordinator                                           3.3 s
  ▸ 2.1 power off pi                         3.3 s, expected 20 s, at most 2 min
      pi poweroff: accepted
`),
  );
});

t.test('a run that failed: what failed, and what was left out; its clocks stand still', async (t) => {
  const failed = reportOf('failed', {
    '1.1': { state: 'done', durationMs: 12_000 },
    '1.2': { state: 'failed', durationMs: 120_000, why: 'wrk-2 is up', method: 1 },
    '2.1': { state: 'left-out', why: 'left out at the rung short' },
  });
  t.same(
    runTree(failed, view),
    golden(`
shutdown (poweroff)  01KASVJ5T0ABCDEFGHJKMNPQRS  failed
elapsed 1 min 12 s · expected 3 min · at most 14 min
✗ stage 1: workers: failed                                            2 min 12 s
  ✓ 1.1 stop k3s-agent.service on 2 nodes                                   12 s
  ✗ 1.2 the workers have stopped (method 2): failed                        2 min
      wrk-2 is up
– stage 2: power off coordinator: left out
  – 2.1 power off pi: left out
      left out at the rung short
`),
  );
});

t.test(
  'no line is wider than the terminal, however narrow; the text gives way before the time',
  async (t) => {
    for (const width of [20, 40, 60, 61, 79]) {
      const lines = runTree(waiting, { ...view, width });
      t.ok(
        lines.every((line) => displayWidth(line) <= width),
        `${width}`,
      );
    }
    t.match(
      runTree(waiting, { ...view, width: 60 }).join('\n'),
      /1\.2 the work.*… {2}23 s, expected 20 s, at most 2 min/,
    );
    const piped = runTree(waiting, { ...view, width: undefined });
    t.ok(
      piped.includes('  ! 1.1 stop k3s-agent.service on 2 nodes: degraded  12 s'),
      'nothing is cut in a pipe',
    );
  },
);

t.test(
  'on a low terminal what is over and what is to come is one line, and what runs is there',
  async (t) => {
    const low = runTree(coordinatorGoing, { ...view, heightMax: 6 });
    t.match(low.join('\n'), /✓ stage 1[^\n]*\n▸ stage 2[^\n]*\n {2}▸ 2\.1/);
    for (const heightMax of [3, 4, 5, 8]) {
      const lines = runTree(waiting, { ...view, heightMax });
      t.ok(lines.length <= heightMax, `${heightMax}`);
      t.match(lines.join('\n'), /▸ 1\.2 /, `${heightMax}`);
    }
  },
);

t.test('what others wrote cannot move the cursor; many operations are counted', async (t) => {
  const operations = Array.from({ length: 12 }, (_, index) => operation(`wrk-${index}`, 'sent'));
  const hostile = reportOf('running', {
    '1.1': { state: 'running', operations },
    '1.2': { state: 'running', waitingFor: 'x', details: ['\x1b[2J'] },
  });
  const text = runTree(hostile, view).join('\n');
  t.notMatch(text, '\x1b');
  t.match(text, /and 4 more/);
});
