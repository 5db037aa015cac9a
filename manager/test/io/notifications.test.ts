import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { type Notification, notificationEvents } from '../../src/config/manager-config.ts';
import { keyOfTarget, NoticeFile } from '../../src/io/notice-file.ts';
import { Notifier, type RunNotice } from '../../src/io/notifications.ts';

const notice = (event: RunNotice['event'], runId = 'R1'): Omit<RunNotice, 'id'> => ({
  site: 'bench',
  event,
  runId,
  plan: 'shutdown',
  kind: 'shutdown',
  mode: 'poweroff',
  text: `it ${event}`,
  requestedBy: 'alice',
  reason: 'test',
  isRehearsal: false,
  atMs: Date.now(),
});

/** A receiver that can be told to fail. */
async function receiver(t: Test) {
  const received: RunNotice[] = [];
  const state = { status: 200, open: 0 };
  const server = createServer((request, response) => {
    let body = '';
    state.open += 1;
    response.on('close', () => {
      state.open -= 1;
    });
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (state.status === 200) received.push(JSON.parse(body) as RunNotice);
      response.writeHead(state.status);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hecate`;
  return { url, received, state };
}

const webhook = (url: string, events: Notification['events'] = notificationEvents): Notification => ({
  type: 'webhook',
  url,
  events,
});

function notifierFor(t: Test, notifications: readonly Notification[], file?: NoticeFile) {
  const failures: string[] = [];
  const notifier = new Notifier({
    file,
    onFailure: (message) => failures.push(message),
    retryMs: { min: 20, max: 100 },
  });
  t.teardown(() => notifier.close(100));
  notifier.configure(notifications);
  return { notifier, failures };
}

t.test('a web address is told what it wants to hear, in order', async (t) => {
  const { url, received } = await receiver(t);
  const { notifier, failures } = notifierFor(t, [webhook(url, ['started', 'finished'])]);
  for (const event of notificationEvents) notifier.tell(notice(event));
  await until(() => received.length === 2, { what: 'both are there' });
  t.match(received, [{ event: 'started', text: 'it started', site: 'bench' }, { event: 'finished' }]);
  t.same(failures, []);
});

t.test('it is tried again, and nothing is lost or told twice', async (t) => {
  const { url, received, state } = await receiver(t);
  state.status = 503;
  const { notifier, failures } = notifierFor(t, [webhook(url)]);
  notifier.tell(notice('started'));
  notifier.tell(notice('degraded'));
  await until(() => failures.length >= 3, { what: 'it was tried again' });
  t.match(failures[0], /it answers with 503: tried again in 20 ms/);
  state.status = 200;
  await until(() => received.length === 2, { what: 'both are there' });
  t.same(
    received.map(({ event }) => event),
    ['started', 'degraded'],
  );
});

t.test('one that is away holds up no other, and its queue has an end', async (t) => {
  const { url, received } = await receiver(t);
  const { notifier, failures } = notifierFor(t, [webhook('http://127.0.0.1:1/'), webhook(url)]);
  for (let count = 0; count < 150; count += 1) notifier.tell(notice('stage-done', `R${count}`));
  await until(() => received.length >= 100, { what: 'the other has them' });
  t.ok(
    failures.some((message) => /100 notices wait, the oldest was given up/.test(message)),
    'I14',
  );
});

t.test('a command gets it on its stdin; a new configuration takes effect', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-notify-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'told');
  const argv = ['/bin/sh', '-c', `cat >> ${file}; echo >> ${file}`];
  const { notifier, failures } = notifierFor(t, [{ type: 'command', argv, events: ['failed'] }]);
  notifier.tell(notice('failed'));
  const lines = () => {
    try {
      return readFileSync(file, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  await until(() => lines().length === 1, { what: 'it was told' });
  t.match(JSON.parse(lines()[0] ?? ''), { event: 'failed', runId: 'R1' });
  notifier.configure([]);
  notifier.tell(notice('failed'));
  await notifier.close(100);
  t.equal(lines().length, 1);
  // The command may not have ended when its target went.
  t.notMatch(failures.join(), /could not be told/);
});

t.test('what could not be told outlives the manager, is told by the next one, and once', async (t) => {
  const { url, received, state } = await receiver(t);
  const path = join(mkdtempSync(join(tmpdir(), 'hecate-notify-')), 'notices.json');
  t.teardown(() => rmSync(dirname(path), { recursive: true, force: true }));
  state.status = 503;
  const first = notifierFor(t, [webhook(url)], await NoticeFile.open(path));
  first.notifier.tell(notice('started'));
  first.notifier.tell(notice('finished'));
  await first.notifier.kept();
  await first.notifier.close(0);
  await until(() => state.open === 0, { what: 'nothing of the first is on its way any more' });
  // The run is found to be over once more, at another time.
  const second = notifierFor(t, [webhook(url)], await NoticeFile.open(path));
  second.notifier.tell({ ...notice('finished'), atMs: Date.now() + 1000 });
  state.status = 200;
  await until(() => received.length >= 2, { what: 'both are told' });
  await second.notifier.close();
  t.match(received, [
    { event: 'started', id: /^R1-started-/ },
    { event: 'finished', id: 'R1-finished' },
  ]);
  t.equal(received.length, 2);
  const third = await NoticeFile.open(path);
  t.same(third.get(keyOfTarget(webhook(url))), [], 'and nothing is left to tell');
});

t.test('an orderly end keeps what waits; who is told no more is forgotten', async (t) => {
  const { url, state } = await receiver(t);
  const path = join(mkdtempSync(join(tmpdir(), 'hecate-notify-')), 'notices.json');
  t.teardown(() => rmSync(dirname(path), { recursive: true, force: true }));
  state.status = 503;
  const { notifier } = notifierFor(t, [webhook(url)], await NoticeFile.open(path));
  notifier.tell(notice('started'));
  await notifier.close(50);
  const kept = await NoticeFile.open(path);
  t.match(kept.get(keyOfTarget(webhook(url))), [{ event: 'started' }]);
  notifierFor(t, [webhook(`${url}/elsewhere`)], kept);
  await kept.written();
  t.same((await NoticeFile.open(path)).get(keyOfTarget(webhook(url))), []);
});

t.test('told of other events, before or after a restart, it is told what waits for it, too', async (t) => {
  const { url, received, state } = await receiver(t);
  const path = join(mkdtempSync(join(tmpdir(), 'hecate-notify-')), 'notices.json');
  t.teardown(() => rmSync(dirname(path), { recursive: true, force: true }));
  state.status = 503;
  const first = notifierFor(t, [webhook(url, ['started'])], await NoticeFile.open(path));
  first.notifier.tell(notice('started'));
  first.notifier.configure([webhook(url, ['started', 'failed'])]);
  first.notifier.tell(notice('failed'));
  await first.notifier.close(0);
  await until(() => state.open === 0, { what: 'nothing of the first is on its way any more' });
  state.status = 200;
  // In two places of the configuration: still one target.
  const targets = [webhook(url, ['stage-done']), webhook(url, ['finished', 'stage-done'])];
  const second = notifierFor(t, targets, await NoticeFile.open(path));
  for (const event of ['started', 'stage-done', 'finished'] as const)
    second.notifier.tell(notice(event, 'R2'));
  await until(() => received.length >= 4, { what: 'all are told' });
  await second.notifier.close();
  t.same(
    received.map(({ runId, event }) => `${runId} ${event}`),
    ['R1 started', 'R1 failed', 'R2 stage-done', 'R2 finished'],
  );
  t.same(second.failures, []);
});

t.test('how many are dropped with a target is told, with a file and without', async (t) => {
  const { url, state } = await receiver(t);
  const path = join(mkdtempSync(join(tmpdir(), 'hecate-notify-')), 'notices.json');
  t.teardown(() => rmSync(dirname(path), { recursive: true, force: true }));
  state.status = 503;
  for (const file of [undefined, await NoticeFile.open(path)]) {
    const { notifier, failures } = notifierFor(t, [webhook(url)], file);
    notifier.tell(notice('started'));
    notifier.tell(notice('degraded'));
    notifier.configure([webhook(`${url}/elsewhere`)]);
    const told = failures.filter((message) => message.includes('dropped'));
    t.same(told, ['who is told no more is not told what waits for him, either: 2 dropped']);
  }
});
