/** Many operations at the same time, also on one unit: every answer is definite and true, nothing hangs at a limit. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { type OutcomeDocument, operate, operateOne, startCtl } from './support/ctl.ts';

const skip = await skipUnless('user');
t.setTimeout(120_000);

const units = {
  'job@.service': '[Service]\nExecStart=/bin/sleep 1000\n',
  'hang@.service': '[Service]\nType=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000\n',
  'short@.service': '[Service]\nType=oneshot\nExecStart=/bin/sleep 0.2\n',
  'disputed.service': `[Unit]
StartLimitIntervalSec=0
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo started >> %h/disputed; sleep 0.1'
ExecStop=/bin/sh -c 'echo stopped >> %h/disputed; sleep 0.1'
`,
};

const instances = (template: string, count: number): string =>
  Array.from({ length: count }, (_, index) => `${template}@${index + 1}`).join(',');

t.test('many at once', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units });
  const { manager } = site;
  const alpha = site.node('alpha');
  const activeCount = async (): Promise<number> => {
    const { stdout } = await alpha.systemctl('list-units', '--state', 'active', '-o', 'json', 'job@*');
    return (JSON.parse(stdout) as unknown[]).length;
  };

  t.test('200 units started by one command', async (t) => {
    const { exitCode, outcomes, stderr } = await operate(manager, 'start', 'alpha', instances('job', 200));
    t.equal(exitCode, 0, stderr);
    t.equal(outcomes.length, 200);
    t.ok(outcomes.every(({ status, result }) => status === 'done' && result === 'done'));
    t.equal(new Set(outcomes.map(({ op_id }) => op_id)).size, 200);
    t.equal(await activeCount(), 200, 'systemd agrees');
    const stopped = await operate(manager, 'stop', 'alpha', 'job@*');
    t.strictSame([stopped.exitCode, stopped.outcomes.length], [0, 200], 'a pattern over 200 units');
    t.equal(await activeCount(), 0);
  });

  t.test('five commands with 40 jobs that take their time each, on one node', async (t) => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => operate(manager, 'start', 'alpha', instances('short', 40))),
    );
    for (const { exitCode, outcomes, stderr } of answers) {
      t.strictSame([exitCode, outcomes.length], [0, 40], stderr);
      t.ok(outcomes.every(({ status }) => status === 'done'));
    }
    t.equal((await alpha.systemctl('list-jobs', '--no-legend')).stdout.trim(), '');
  });

  t.test("100 jobs that never end: told in time, and in nobody's way afterwards", async (t) => {
    const hanging = operate(manager, 'start', '--timeout', '4s', 'alpha', instances('hang', 100));
    const jobs = async (): Promise<number> =>
      (await alpha.systemctl('list-jobs', '--no-legend')).stdout.split('\n').filter(Boolean).length;
    await until(async () => (await jobs()) >= 20, { what: 'many of them wait' });
    const other = await operateOne(manager, 'start', '--timeout', '30s', 'alpha', 'job@other');
    t.equal(other.outcome.status, 'done', `another operation has its turn: ${other.outcome.message}`);
    const { exitCode, outcomes } = await hanging;
    t.equal(outcomes.length, 100);
    for (const { unit, status, code, message } of outcomes) {
      // Its turn came too late, at the manager or at the agent.
      const isNotSent = status === 'refused' && (code === 'HEC_BUSY' || code === 'HEC_EXPIRED');
      t.ok(isNotSent || status === 'timeout' || status === 'unknown', `${unit}: ${status}, ${message}`);
    }
    t.ok(exitCode === 124 || exitCode === 70);
    const begun = (await alpha.systemctl('list-jobs', '--no-legend')).stdout;
    const isBegun = (unit: string | null): boolean => begun.includes(` ${unit} `);
    const lies = outcomes.filter(
      ({ unit, status, code }) =>
        (status === 'refused' && isBegun(unit)) || (code === 'HEC_TIMEOUT' && !isBegun(unit)),
    );
    t.strictSame(
      lies.map(({ unit, status, message }) => `${unit} ${status} ${message}`),
      [],
      'what was not sent was not begun, what was said to go on does',
    );
    const stopped = await operate(manager, 'stop', 'alpha', 'hang@*', 'job@other');
    t.equal(stopped.exitCode, 0, stopped.stderr);
    t.equal(await jobs(), 0);
  });

  t.test('five clients start and stop one unit, 30 times', async (t) => {
    const client = async (index: number): Promise<OutcomeDocument[]> => {
      const outcomes: OutcomeDocument[] = [];
      for (let turn = 0; turn < 6; turn += 1) {
        const verb = (index + turn) % 2 === 0 ? 'start' : 'stop';
        outcomes.push((await operateOne(manager, verb, 'alpha', 'disputed')).outcome);
      }
      return outcomes;
    };
    const outcomes = (await Promise.all([0, 1, 2, 3, 4].map(client))).flat();
    t.equal(outcomes.length, 30);
    for (const { status, result, verb, op_id } of outcomes) {
      const isTrue =
        (status === 'done' && result === 'done') || (status === 'failed' && result === 'canceled');
      t.ok(isTrue, `${verb} ${op_id}: ${status}, ${result}`);
    }
    const log = (await alpha.readFile(`${alpha.home}/disputed`)).trim().split('\n');
    const startsDone = outcomes.filter(({ verb, status }) => verb === 'start' && status === 'done').length;
    const startsRun = log.filter((line) => line === 'started').length;
    t.ok(
      startsRun >= 1 && startsRun <= 15,
      `${startsRun} starts ran for 15 commands, ${startsDone} said done`,
    );
    const audited = manager.audit().filter(({ unit }) => unit === 'disputed.service');
    t.strictSame(
      audited.map(({ opId, outcome }) => `${opId} ${outcome}`).sort(),
      outcomes.map(({ op_id, status }) => `${op_id} ${status}`).sort(),
      'each is in the audit log once, with the outcome that was told',
    );
    for (const verb of ['start', 'stop', 'start'] as const) {
      t.equal((await operate(manager, verb, 'alpha', 'disputed')).exitCode, 0);
      const state = verb === 'start' ? 'active' : 'inactive';
      t.equal((await alpha.systemctl('is-active', 'disputed')).stdout.trim(), state);
    }
  });

  t.test('a watcher of two nodes hears in the order in which things happened', async (t) => {
    const watching = startCtl(manager, 'monitor', '-o', 'jsonl', '*', 'job@*');
    interface Event {
      event: string;
      at: string;
      node: string;
      unit?: string;
      verb?: string;
      status?: string;
      result?: string;
      active_state?: string;
    }
    const events = (): Event[] =>
      watching
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Event);
    await until(
      async () => {
        await operate(manager, 'restart', 'alpha', 'job@warm-up');
        return events().some(({ event }) => event === 'outcome');
      },
      { what: 'it watches', intervalMs: 100 },
    );
    const steps: string[] = [];
    for (const verb of ['start', 'restart', 'stop']) {
      for (const node of ['alpha', 'beta', 'alpha']) {
        t.equal((await operate(manager, verb, node, 'job@watched')).exitCode, 0);
        steps.push(`${node} ${verb}`);
      }
    }
    const watched = (): Event[] => events().filter(({ unit }) => unit === 'job@watched.service');
    const outcomes = (): string[] =>
      watched()
        .filter(({ event }) => event === 'outcome')
        .map(({ node, verb }) => `${node} ${verb}`);
    await until(() => outcomes().length >= steps.length, { what: 'all outcomes are heard' });
    t.strictSame(outcomes(), steps);
    const isGone = ({ event, active_state }: Event): boolean =>
      event === 'unit-removed' || active_state === 'inactive';
    await until(
      () =>
        ['alpha', 'beta'].every((node) => watched().some((event) => event.node === node && isGone(event))),
      {
        what: 'both stops are heard',
      },
    );
    for (const node of ['alpha', 'beta']) {
      const own = watched().filter((event) => event.node === node);
      const times = own.map(({ at }) => at);
      t.strictSame(times, times.toSorted(), `the times of ${node} go one way`);
      const states = own.filter(({ event }) => event === 'unit' || event === 'unit-removed');
      t.ok(
        isGone(states.at(-1) ?? { event: '', at: '', node }),
        `the last that is heard of ${node} is that it stopped`,
      );
      t.ok(states.some(({ active_state }) => active_state === 'active'));
    }
    watching.child.kill('SIGINT');
    t.equal(await watching.ended, 130);
  });
});
