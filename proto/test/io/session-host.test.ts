/** Sessions over real sockets, both kinds of connection. */

import { HecateError, isSessionEnd } from '@hecate/proto/core/errors.ts';
import type { Item, Method, Outcome } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { createNotice } from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import t from 'tap';
import { connectedPair, links, unixLink } from '../support/connected-sessions.ts';
import { done, query } from '../support/session-fixtures.ts';

/** Far beyond what anything here takes: a failure, not a race. */
const timeLimitMs = 20_000;
const item = (jobId: number): Item => ({ case: 'accepted', value: { opId: '', jobId } });
const report: Method = { case: 'reportOutcomes', value: { outcomes: [] } };

/** A handler that never answers by itself, and says when it was stopped. */
function hanging() {
  const begun = Promise.withResolvers<IncomingRequest>();
  const stopped = Promise.withResolvers<void>();
  const onRequest = (request: IncomingRequest): Promise<Outcome> => {
    begun.resolve(request);
    return new Promise((_, reject) => {
      request.signal.addEventListener('abort', () => {
        stopped.resolve();
        reject(new HecateError('HEC_CANCELLED', 'stopped'));
      });
    });
  };
  return { onRequest, begun: begun.promise, stopped: stopped.promise };
}

for (const [kind, makeLink] of Object.entries(links)) {
  t.test(kind, async (t) => {
    t.test('requests both ways, and a failure with its code and remedy', async (t) => {
      const { dialler, acceptor, link } = await connectedPair(makeLink, {
        dialler: {
          onRequest: async ({ method }) => ({ case: 'logLevel', value: { before: method.case, after: '' } }),
        },
        acceptor: {
          onRequest: async () => {
            throw new HecateError('HEC_POLICY', 'not here', 'ask the owner');
          },
        },
      });
      t.match(await acceptor.call(query, { timeLimitMs }), { case: 'logLevel', value: { before: 'query' } });
      const failure = await t.rejects(dialler.call(report, { timeLimitMs }), {
        code: 'HEC_POLICY',
        message: 'not here',
        remedy: 'ask the owner',
      });
      t.notOk(isSessionEnd(failure), 'a response is a response');
      link.close();
    });

    t.test('a thousand calls, as many at once as allowed, each with its own answer', async (t) => {
      const onRequest = async ({ method }: IncomingRequest): Promise<Outcome> => {
        const level = method.case === 'setAgentLogLevel' ? method.value.level : '';
        return { case: 'logLevel', value: { before: '', after: level } };
      };
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      let next = 0;
      const worker = async (): Promise<number> => {
        let wrong = 0;
        while (next < 1000) {
          const level = String(next++);
          const method: Method = { case: 'setAgentLogLevel', value: { level, nodes: [] } };
          const outcome = await acceptor.call(method, { timeLimitMs });
          if (outcome.case !== 'logLevel' || outcome.value.after !== level) wrong += 1;
        }
        return wrong;
      };
      const wrong = await Promise.all(Array.from({ length: limits.requestsInFlightMax }, worker));
      t.same(new Set(wrong), new Set([0]));
      link.close();
    });

    t.test('more calls than allowed are refused here, without a word to the peer', async (t) => {
      const { onRequest } = hanging();
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      const open = Array.from({ length: limits.requestsInFlightMax }, () =>
        acceptor.call(query, { timeLimitMs }),
      );
      await t.rejects(acceptor.call(query, { timeLimitMs }), { code: 'HEC_BUSY' });
      acceptor.end('HEC_SHUTTING_DOWN', 'the test is over');
      const ends = await Promise.allSettled(open);
      t.ok(ends.every((end) => end.status === 'rejected' && end.reason.code === 'HEC_SHUTTING_DOWN'));
      link.close();
    });

    t.test('a stream arrives whole, in order and before its response, however slow the reader', async (t) => {
      const count = 5 * limits.streamCreditItems;
      let ahead = 0;
      let aheadMax = 0;
      const onRequest = async ({ sendItem }: IncomingRequest): Promise<Outcome> => {
        for (let i = 0; i < count; i += 1) {
          if (!(await sendItem(item(i)))) throw new Error('nobody listens');
          aheadMax = Math.max(aheadMax, ++ahead);
        }
        return done;
      };
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      const seen: number[] = [];
      const onItem = async (received: Item): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        if (received.case === 'accepted') seen.push(received.value.jobId);
        ahead -= 1;
      };
      await acceptor.call(query, { timeLimitMs, onItem });
      t.same(
        seen,
        Array.from({ length: count }, (_, i) => i),
      );
      t.ok(aheadMax <= limits.streamCreditItems, `never more than the credit ahead: ${aheadMax}`);
      link.close();
    });

    t.test('a reader that stops holds the stream, not the session', async (t) => {
      const stop = Promise.withResolvers<void>();
      let isSent = 0;
      const onRequest = async ({ method, sendItem, signal }: IncomingRequest): Promise<Outcome> => {
        if (method.case !== 'query') return done;
        while (!signal.aborted && (await sendItem(item(0)))) isSent += 1;
        return done;
      };
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      const controller = new AbortController();
      const options = { timeLimitMs, signal: controller.signal, onItem: () => stop.promise };
      const stream = acceptor.call(query, options);
      for (let i = 0; i < 100; i += 1) {
        await acceptor.call(
          { case: 'setAgentLogLevel', value: { level: 'info', nodes: [] } },
          { timeLimitMs },
        );
      }
      t.equal(isSent, limits.streamCreditItems, 'sent as far as its credit, and other calls went on');
      controller.abort();
      await t.rejects(stream, { code: 'HEC_CANCELLED' });
      link.close();
    });

    t.test('a reader that throws ends its own call with its own error', async (t) => {
      const full = new HecateError('HEC_STATE', 'disk full');
      const throwing = (): void => {
        throw full;
      };
      for (const onItem of [throwing, () => Promise.reject(full)]) {
        const { begun, stopped, onRequest } = hanging();
        const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
        const stream = acceptor.call(query, { timeLimitMs, onItem });
        t.equal(await (await begun).sendItem(item(1)), true);
        await t.rejects(stream, { code: 'HEC_STATE', message: 'disk full' });
        await stopped;
        t.equal(acceptor.isEstablished(), true, 'and nothing else');
        link.close();
      }
    });

    t.test('cancelling stops the work on the other side', async (t) => {
      const { onRequest, begun, stopped } = hanging();
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      const controller = new AbortController();
      const answer = acceptor.call(query, { timeLimitMs, signal: controller.signal });
      await begun;
      controller.abort();
      await t.rejects(answer, { code: 'HEC_CANCELLED' });
      await stopped;
      await t.rejects(acceptor.call(query, { timeLimitMs, signal: controller.signal }), {
        code: 'HEC_CANCELLED',
      });
      link.close();
    });

    t.test('a time limit ends the call here and the work there', async (t) => {
      const { onRequest, stopped } = hanging();
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      await t.rejects(acceptor.call(query, { timeLimitMs: 30 }), { code: 'HEC_TIMEOUT' });
      await stopped;
      t.equal(acceptor.isEstablished(), true);
      link.close();
    });

    t.test('an answer too large for a frame is a failure of that request, not of the program', async (t) => {
      const text = 'x'.repeat(limits.frameBytesMax);
      const onRequest = async ({ method, sendItem }: IncomingRequest): Promise<Outcome> => {
        if (method.case === 'setAgentLogLevel')
          await sendItem({ case: 'output', value: { node: text, channel: 1, data: new Uint8Array(0) } });
        return method.case === 'query' ? { case: 'metrics', value: { text } } : done;
      };
      const { acceptor, link } = await connectedPair(makeLink, { dialler: { onRequest } });
      await t.rejects(acceptor.call(query, { timeLimitMs }), {
        code: 'HEC_INTERNAL',
        message: /frame of \d+ bytes/,
      });
      const streaming: Method = { case: 'setAgentLogLevel', value: { level: '', nodes: [] } };
      await t.rejects(acceptor.call(streaming, { timeLimitMs, onItem: () => undefined }), {
        code: 'HEC_INTERNAL',
      });
      const big: Method = { case: 'setAgentLogLevel', value: { level: text, nodes: [] } };
      await t.rejects(acceptor.call(big, { timeLimitMs }), { code: 'HEC_INTERNAL' }, 'so is a request');
      t.equal(acceptor.isEstablished(), true);
      link.close();
    });

    t.test('notices', async (t) => {
      const heard = Promise.withResolvers<unknown>();
      const { dialler, link } = await connectedPair(makeLink, { acceptor: { onNotice: heard.resolve } });
      const notice = createNotice({
        notice: { case: 'busState', value: { connected: false, reason: 'gone' } },
      });
      dialler.notify(notice);
      t.same(await heard.promise, notice);
      link.close();
    });

    t.test('goodbye reaches the other side with its reason, and every open call', async (t) => {
      const { onRequest, begun, stopped } = hanging();
      const pair = await connectedPair(makeLink, { dialler: { onRequest } });
      const answer = pair.acceptor.call(query, { timeLimitMs });
      await begun;
      pair.dialler.end('HEC_SHUTTING_DOWN', 'the agent stops');
      t.match(await pair.acceptorEnded, {
        code: 'HEC_SHUTTING_DOWN',
        message: 'the agent stops',
        byPeer: true,
      });
      t.match(await pair.diallerEnded, { code: 'HEC_SHUTTING_DOWN', byPeer: false });
      const cut = await t.rejects(answer, { code: 'HEC_SHUTTING_DOWN' });
      t.ok(isSessionEnd(cut), 'it is told from a response with the same code');
      await stopped;
      const late = await t.rejects(pair.acceptor.call(query, { timeLimitMs }), { code: 'HEC_CONNECTION' });
      t.notOk(isSessionEnd(late), 'this one was not sent at all');
      pair.acceptor.end('HEC_BUSY', 'a second end says nothing');
      pair.acceptor.notify(createNotice());
      pair.link.close();
    });

    t.test('a connection that breaks', async (t) => {
      const { onRequest, begun, stopped } = hanging();
      const pair = await connectedPair(makeLink, { dialler: { onRequest } });
      const answer = pair.acceptor.call(query, { timeLimitMs });
      await begun;
      pair.link.acceptorSocket.destroy();
      await t.rejects(answer, { code: 'HEC_CONNECTION' });
      t.match(await pair.diallerEnded, { code: 'HEC_CONNECTION', byPeer: true });
      await stopped;
      pair.link.close();
    });

    t.test('a bad frame closes its own session and tells why', async (t) => {
      const pair = await connectedPair(makeLink);
      pair.link.dialler.send(Uint8Array.from([0xff, 0xff, 0xff]));
      t.match(await pair.acceptorEnded, { code: 'HEC_PROTOCOL', byPeer: false });
      t.match(await pair.diallerEnded, { code: 'HEC_PROTOCOL', byPeer: true });
      pair.link.close();
    });

    t.test('an oversized frame closes the connection', async (t) => {
      const pair = await connectedPair(makeLink);
      pair.link.dialler.send(new Uint8Array(limits.frameBytesMax + 1));
      t.match(await pair.acceptorEnded, { code: 'HEC_CONNECTION', byPeer: true });
      t.match(await pair.diallerEnded, { code: 'HEC_CONNECTION' });
      pair.link.close();
    });

    t.test('a frame before the greeting that is larger than any hello closes it, too', async (t) => {
      const link = await makeLink();
      const closed = Promise.withResolvers<string>();
      link.acceptor.onClose = closed.resolve;
      link.acceptor.onFrame = () => t.fail('it must not be handed over');
      link.dialler.send(new Uint8Array(limits.helloBytesMax + 1));
      t.match(await closed.promise, /bytes/);
      link.close();
    });

    t.test('silence is noticed by both sides within two intervals, and heartbeats prevent it', async (t) => {
      const interval = { heartbeatIntervalMs: limits.heartbeatIntervalMsMin };
      const pair = await connectedPair(makeLink, { welcome: interval });
      const lived = new Promise((resolve) => setTimeout(resolve, 8 * interval.heartbeatIntervalMs));
      await lived;
      t.equal(pair.dialler.isEstablished() && pair.acceptor.isEstablished(), true, 'nothing but heartbeats');
      // A silent cut: nothing passes any more, no reset either, and no side is told.
      for (const transport of [pair.link.dialler, pair.link.acceptor]) {
        transport.send = () => undefined;
        transport.abort = () => undefined;
      }
      t.match(await pair.acceptorEnded, { code: 'HEC_HEARTBEAT', byPeer: false });
      t.match(await pair.diallerEnded, { code: 'HEC_HEARTBEAT', byPeer: false });
      pair.link.close();
    });
  });
}

t.test('retired: it ends when the last request, of either side, is answered', async (t) => {
  const begun = { query: Promise.withResolvers<void>(), reportOutcomes: Promise.withResolvers<void>() };
  const answers = {
    query: Promise.withResolvers<Outcome>(),
    reportOutcomes: Promise.withResolvers<Outcome>(),
  };
  const onRequest = ({ method }: IncomingRequest): Promise<Outcome> => {
    const which = method.case === 'query' ? 'query' : 'reportOutcomes';
    begun[which].resolve();
    return answers[which].promise;
  };
  const pair = await connectedPair(unixLink, {
    dialler: { onRequest },
    acceptor: { onRequest },
  });
  const { dialler, acceptor, link, diallerEnded } = pair;
  t.teardown(() => link.close());
  const asked = acceptor.call(query, { timeLimitMs });
  const told = dialler.call(report, { timeLimitMs });
  await Promise.all([begun.query.promise, begun.reportOutcomes.promise]);
  acceptor.retire('HEC_REPLACED', 'a newer one took over');
  answers.query.resolve(done);
  t.match(await asked, { case: 'done' });
  t.ok(acceptor.isEstablished(), 'one is open still');
  answers.reportOutcomes.resolve(done);
  t.match(await told, { case: 'done' });
  t.match(await diallerEnded, { code: 'HEC_REPLACED', message: 'a newer one took over', byPeer: true });
});

t.test('retired at rest: it ends at once', async (t) => {
  const { acceptor, link, diallerEnded } = await connectedPair(unixLink);
  t.teardown(() => link.close());
  acceptor.retire('HEC_REPLACED', 'a newer one took over');
  t.notOk(acceptor.isEstablished());
  t.match(await diallerEnded, { code: 'HEC_REPLACED' });
});
