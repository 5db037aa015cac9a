import t from 'tap';
import { type BusMessage, decodeMessage, encodeMessage, messageTypes } from '../../src/io/bus-codec.ts';
import { BusError } from '../../src/io/bus-error.ts';
import { CallTable } from '../../src/io/call-table.ts';

const limits = { inFlightMax: 2, queuedMax: 3, abandonedMax: 2 };
const reply = (replySerial: number): BusMessage =>
  decodeMessage(
    encodeMessage({ type: messageTypes.reply, serial: 1, replySerial, signature: 's', body: ['ok'] }),
  );
const refusal = (replySerial: number, errorName: string): BusMessage =>
  decodeMessage(
    encodeMessage({
      type: messageTypes.error,
      serial: 1,
      replySerial,
      errorName,
      signature: 's',
      body: ['no'],
    }),
  );

t.test('so many in flight, so many queued, then HEC_BUSY', async (t) => {
  const sent: number[] = [];
  const table = new CallTable(limits, () => t.fail('not stuck'));
  const call = (): Promise<BusMessage> => table.call('X()', 60_000, (serial) => sent.push(serial));
  const five = [call(), call(), call(), call(), call()];
  t.strictSame(sent, [1, 2]);
  await t.rejects(call(), { code: 'HEC_BUSY', delivery: 'not-sent' });
  table.onReply(reply(1));
  t.strictSame(sent, [1, 2, 3], 'a reply makes room');
  for (const serial of [2, 3, 4, 5]) t.equal(table.onReply(reply(serial)), true);
  t.strictSame(
    (await Promise.all(five)).map(({ body }) => body),
    Array(5).fill(['ok']),
  );
  t.equal(table.onReply(reply(5)), false, 'a second reply is nobody’s');
  t.strictSame(table.size, { inFlight: 0, queued: 0 });
});

t.test('a call that runs out of time: what is known of its fate', async (t) => {
  let stuck = 0;
  const table = new CallTable(limits, () => {
    stuck += 1;
  });
  const waiting = [1, 2, 3].map(() => table.call('X()', 30, () => undefined));
  const ends = await Promise.allSettled(waiting);
  t.match(ends, [
    { reason: { code: 'HEC_TIMEOUT', delivery: 'unknown' } },
    { reason: { code: 'HEC_TIMEOUT', delivery: 'unknown' } },
    { reason: { code: 'HEC_TIMEOUT', delivery: 'not-sent' } },
  ]);
  t.equal(table.size.inFlight, 2, 'the bus still counts them');
  t.ok(stuck > 0, 'so many unanswered: the owner is told');
  const next = table.call('Y()', 60_000, () => undefined);
  t.equal(table.size.queued, 1);
  table.onReply(reply(1));
  t.strictSame(table.size, { inFlight: 2, queued: 0 }, 'a late reply makes room');
  table.onReply(reply(3));
  t.strictSame((await next).body, ['ok']);
});

t.test('the end rejects everything, at once and from then on', async (t) => {
  const table = new CallTable(limits, () => undefined);
  const three = [1, 2, 3].map(() => table.call('X()', 60_000, () => undefined));
  table.end(new BusError('HEC_BUS_GONE', 'the bus is gone', { delivery: 'not-sent' }));
  t.match(await Promise.allSettled(three), [
    { reason: { code: 'HEC_BUS_GONE', delivery: 'unknown' } },
    { reason: { code: 'HEC_BUS_GONE', delivery: 'unknown' } },
    { reason: { code: 'HEC_BUS_GONE', delivery: 'not-sent' } },
  ]);
  await t.rejects(
    table.call('X()', 60_000, () => t.fail('not sent')),
    { code: 'HEC_BUS_GONE', delivery: 'not-sent' },
  );
});

t.test('a message that cannot be encoded rejects its own call only', async (t) => {
  const table = new CallTable(limits, () => undefined);
  const bad = table.call('X()', 60_000, () => {
    throw new Error('no such value');
  });
  await t.rejects(bad, { code: 'HEC_INTERNAL', delivery: 'not-sent', message: /no such value/ });
  t.strictSame(table.size, { inFlight: 0, queued: 0 });
});

t.test('error replies by name', async (t) => {
  const table = new CallTable(limits, () => undefined);
  let serial = 0;
  const known: [string, string, string][] = [
    ['org.freedesktop.systemd1.NoSuchUnit', 'HEC_NO_SUCH_UNIT', 'refused'],
    ['org.freedesktop.systemd1.UnitMasked', 'HEC_BUS_ERROR', 'refused'],
    ['org.freedesktop.DBus.Error.AccessDenied', 'HEC_BUS_ERROR', 'refused'],
    ['org.freedesktop.DBus.Error.LimitsExceeded', 'HEC_BUSY', 'refused'],
    ['org.freedesktop.DBus.Error.Timeout', 'HEC_TIMEOUT', 'unknown'],
    ['org.freedesktop.DBus.Error.NoReply', 'HEC_BUS_GONE', 'unknown'],
    ['org.freedesktop.DBus.Error.Disconnected', 'HEC_BUS_GONE', 'unknown'],
    ['com.example.Other', 'HEC_BUS_ERROR', 'refused'],
  ];
  for (const [busErrorName, code, delivery] of known) {
    const call = table.call('X("u")', 60_000, (given) => {
      serial = given;
    });
    table.onReply(refusal(serial, busErrorName));
    await t.rejects(call, {
      code,
      delivery,
      busErrorName,
      message: 'X("u"): no',
      cause: { message: `${busErrorName}: no` },
    });
  }
});
