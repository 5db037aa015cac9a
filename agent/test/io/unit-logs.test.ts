/** Logs out of a real journal of a real node. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import type { FleetNode } from '../../../test/nodes/node.ts';
import { until } from '../../../test/nodes/until.ts';
import { JournalctlLogs } from '../../src/io/unit-logs.ts';
import { skip, userNode } from './support/node-bus.ts';

const never = new AbortController().signal;

/** journalctl as the node has it. */
function logsOf(node: FleetNode, folder: string): JournalctlLogs {
  const path = join(folder, 'journalctl-of-node');
  const env = `nsenter --target ${node.hostPid(1)} --mount --pid --uts --ipc --cgroup --`;
  writeFileSync(path, `#!/bin/sh\nexec ${env} journalctl "$@"\n`);
  chmodSync(path, 0o755);
  return new JournalctlLogs('user', path);
}

async function readAll(
  logs: JournalctlLogs,
  request: Parameters<JournalctlLogs['read']>[0],
  signal = never,
): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  await logs.read(request, (entries) => Promise.resolve(all.push(...entries) > 0), signal);
  return all;
}

// journald asks the control group of a user's process for its unit: one that is gone already is not found,
// so it is the shell that writes, and it stays.
t.test('on a node', { skip, timeout: 120_000 }, async (t) => {
  const node = await userNode(t, {
    'talks.service':
      '[Service]\nType=oneshot\nExecStart=sh -c "for n in 1 2 3; do echo line $n; done; printf \'a\\\\377b\\\\n\'; sleep 1"\n',
    'clock.service': '[Service]\nExecStart=sh -c "while :; do echo tick; sleep 0.1; done"\n',
    'flood.service':
      '[Service]\nExecStart=sh -c "for n in $(seq 1 5000); do echo $n; done; exec sleep 1000"\nLogRateLimitIntervalSec=0\n',
  });
  const logs = logsOf(node, t.testdir());
  const lines = async (request: Parameters<JournalctlLogs['read']>[0]): Promise<string[]> =>
    (await readAll(logs, request)).map(({ message }) => message);
  await node.systemctl('start', 'talks.service');

  await t.test('the lines of a unit, in order, with who wrote them', async (t) => {
    await until(async () => (await lines({ unit: 'talks.service' })).includes('line 3'), {
      what: 'they are there',
    });
    const entries = await readAll(logs, { unit: 'talks.service' });
    const own = entries.filter(({ identifier }) => identifier === 'sh');
    t.same(
      own.slice(0, 3).map(({ message }) => message),
      ['line 1', 'line 2', 'line 3'],
    );
    t.equal(own[3]?.message, 'a\ufffdb', 'what is not UTF-8 is shown as such');
    t.ok((own[0]?.pid ?? 0) > 0);
    t.ok(Math.abs((own[0]?.realtimeUs ?? 0) / 1000 - Date.now()) < 120_000);
    t.equal(own[0]?.priority, 6);
  });

  await t.test('only so many, only since', async (t) => {
    t.equal((await lines({ unit: 'talks.service', linesMax: 2 })).length, 2);
    t.same(await lines({ unit: 'talks.service', since: '2099-01-01' }), []);
    t.same(await lines({ unit: 'talks.service', until: '2001-01-01' }), []);
    t.same(await lines({ unit: 'silent.service' }), []);
    await t.rejects(lines({ unit: 'talks.service', since: 'the day before' }), {
      code: 'HEC_USAGE',
      remedy: /yesterday/,
    });
  });

  await t.test('an argument cannot become an option', async (t) => {
    await t.rejects(lines({ unit: 'talks.service', since: '--vacuum-size=1' }), { code: 'HEC_USAGE' });
    t.same(await lines({ unit: '--version' }), []);
  });

  await t.test('the tail has what the unit wrote last', async (t) => {
    await node.systemctl('start', 'flood.service');
    const tail = await until(
      async () => {
        const newest = await logs.tail('flood.service', 3, 20_000);
        // What systemd itself says of the unit may be the last line.
        return newest.includes('5000') && newest;
      },
      { what: 'the journal has the whole flood' },
    );
    t.equal(tail.length, 3);
    t.ok(tail.includes('4999'), tail.join(' | '));
    t.same(await logs.tail('flood.service', 0, 1000), []);
  });

  await t.test('a flood comes in batches, and waits for its reader', async (t) => {
    let busy = 0;
    let batches = 0;
    let count = 0;
    await logs.read(
      { unit: 'flood.service' },
      async (entries) => {
        busy += 1;
        t.equal(busy, 1, 'one batch at a time');
        await new Promise((resolve) => setImmediate(resolve));
        busy -= 1;
        batches += 1;
        count += entries.length;
        return true;
      },
      never,
    );
    t.ok(count >= 5000 && batches > 2, `${count} in ${batches}`);
  });

  await t.test('following ends when the reader goes, and when it is cancelled', async (t) => {
    await node.systemctl('start', 'clock.service');
    let heard = 0;
    await logs.read(
      { unit: 'clock.service', follow: true, linesMax: 1 },
      (entries) => {
        heard += entries.length;
        return Promise.resolve(heard < 5);
      },
      never,
    );
    t.ok(heard >= 5);
    const stop = new AbortController();
    const reading = logs.read(
      { unit: 'clock.service', follow: true },
      () => {
        setImmediate(() => stop.abort());
        return Promise.resolve(true);
      },
      stop.signal,
    );
    await t.resolves(reading, 'without an error');
    await logs.read({ unit: 'clock.service' }, () => Promise.resolve(true), AbortSignal.abort());
  });
});

t.test('a node without a journal says so', async (t) => {
  const none = new JournalctlLogs('system', '/nonexistent/journalctl');
  await t.rejects(readAll(none, { unit: 'a.service' }), { code: 'HEC_LOGS_UNAVAILABLE', remedy: /journald/ });
  const path = join(t.testdir(), 'journalctl');
  writeFileSync(path, '#!/bin/sh\necho "No journal files were found." >&2\nexit 1\n');
  chmodSync(path, 0o755);
  await t.rejects(readAll(new JournalctlLogs('system', path), { unit: 'a.service' }), {
    code: 'HEC_LOGS_UNAVAILABLE',
    message: /No journal files/,
  });
});
