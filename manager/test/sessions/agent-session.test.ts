import { createReportOutcomes } from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import t from 'tap';
import type { OperationRunner } from '../../src/operation-runner.ts';
import { answerAgent } from '../../src/sessions/agent-session.ts';
import type { TrustService } from '../../src/trust-service.ts';
import { nodeA, outcomeOf } from '../support/operations-fixtures.ts';

const request = (method: IncomingRequest['method']): IncomingRequest => ({
  method,
  timeLimitMs: 1000,
  signal: new AbortController().signal,
  sendItem: async () => true,
});

t.test('a report is acknowledged when it is durable, and not before', async (t) => {
  let durable: () => void = () => undefined;
  const heard: unknown[] = [];
  const operations = {
    reported: (node: string, outcomes: unknown[]) => {
      heard.push([node, outcomes.length]);
      return new Promise<void>((resolve) => (durable = resolve));
    },
  } as unknown as OperationRunner;
  const ports = { node: nodeA, peer: undefined, operations, trust: {} as TrustService };
  const value = createReportOutcomes({ outcomes: [outcomeOf('done')] });
  let isAnswered = false;
  const answered = answerAgent(request({ case: 'reportOutcomes', value }), ports).then((outcome) => {
    isAnswered = true;
    return outcome;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.same(heard, [['node-a', 1]]);
  t.equal(isAnswered, false);
  durable();
  t.match(await answered, { case: 'done' });
});

t.test('what agents cannot ask', async (t) => {
  const ports = {
    node: nodeA,
    peer: undefined,
    operations: {} as OperationRunner,
    trust: {} as TrustService,
  };
  await t.rejects(answerAgent(request({ case: 'getHealth', value: {} }), ports), { code: 'HEC_UNSUPPORTED' });
});
