import { createNodeOutcome, createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { selected, sendOutcome } from '../support/answers.ts';
import type { Answers } from '../support/fake-manager.ts';
import { withManager } from '../support/with-manager.ts';

const encode = (text: string) => new TextEncoder().encode(text);

/** Every node prints its argv and ends with a status of its own. */
const run =
  (statusOf: (node: string) => number): NonNullable<Answers['operate']> =>
  async (value, request) => {
    const on = selected(value.nodes);
    for (const node of on) {
      await request.sendItem({
        case: 'output',
        value: { node, channel: 1, data: encode(`${value.options?.argv.join(' ')}\nhalf`) },
      });
      await request.sendItem({ case: 'output', value: { node, channel: 2, data: encode('oops\n') } });
      await request.sendItem({ case: 'output', value: { node, channel: 1, data: encode(' line') } });
      const exitStatus = statusOf(node);
      const status = exitStatus === 0 ? 'done' : 'failed';
      const code = exitStatus === 0 ? '' : 'HEC_UNIT_FAILED';
      const execResult = {
        exitStatus,
        exitCode: exitStatus > 100 ? 'killed' : 'exited',
        outputTruncated: false,
      };
      await sendOutcome(
        request,
        createNodeOutcome({
          node,
          verb: 'exec',
          outcome: createOperationOutcome({ status, code, execResult }),
        }),
      );
    }
    return { case: 'operateSummary', value: { operations: on.length, worst: 'done', leftOut: [] } };
  };

t.test('one node: output as it is, and the exit status of the command', async (t) => {
  const { ctl, manager } = await withManager(t, { operate: run(() => 3) });
  const shown = await ctl('exec', 'node-a', '--', 'ls', '-l', '--all');
  t.equal(shown.exitCode, 3);
  t.equal(shown.stdout, 'ls -l --all\nhalf line');
  t.equal(shown.stderr, 'oops\n');
  t.match(manager.requests[0], {
    value: { verb: 'exec', units: [], options: { argv: ['ls', '-l', '--all'] } },
  });
});

t.test('several nodes: whole lines, each with its node', async (t) => {
  const { ctl } = await withManager(t, { operate: run((node) => (node === 'node-b' ? 9 : 0)) });
  const shown = await ctl('exec', 'node-a,node-b', '--', 'x');
  t.equal(shown.exitCode, 9, 'the highest');
  t.same(shown.stdout.split('\n').sort(), [
    '',
    'node-a: half line',
    'node-a: x',
    'node-b: half line',
    'node-b: x',
  ]);
  t.match(shown.stderr, /^node-b: exit status 9$/m);
});

t.test('what did not run has an end of the table', async (t) => {
  const { ctl } = await withManager(t, {
    operate: async (_value, request) => {
      const outcome = createOperationOutcome({ status: 'refused', code: 'HEC_POLICY', message: 'Exec=no' });
      await sendOutcome(request, createNodeOutcome({ node: 'node-a', verb: 'exec', outcome }));
      return { case: 'operateSummary', value: { operations: 1, worst: 'refused', leftOut: [] } };
    },
  });
  const shown = await ctl('exec', 'node-a', '--', 'x');
  t.equal(shown.exitCode, 77);
  t.match(shown.stdout, /Exec=no/);
  t.equal(
    (await ctl('exec', 'node-a', 'ls', '-l')).exitCode,
    2,
    'without -- an option is taken for ours, and refused',
  );
});
