/** Every query on a real systemd. */
import type { Item, Outcome, QueryBody } from '@hecate/proto/core/frames.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { defaultPolicy, policySummary } from '../../src/core/policy.ts';
import type { SystemdPort } from '../../src/core/systemd-port.ts';
import { answerQuery, type QueryServices } from '../../src/io/queries.ts';
import type { UnitLogs } from '../../src/io/unit-logs.ts';
import { skip, systemdOf, userNode } from './support/node-bus.ts';

const units = {
  'web.service':
    '[Unit]\nDescription=A web server\n[Service]\nExecStart=sleep 1000\nMemoryAccounting=yes\n[Install]\nWantedBy=default.target\n',
  'web.service.d/limit.conf': '[Service]\nLimitNOFILE=4096\n',
  'bad.service': '[Service]\nType=oneshot\nExecStart=sh -c "exit 3"\n',
  'huge.service': `[Service]\nExecStart=true\n${Array.from({ length: 400 }, (_, n) => `Environment=X${n}=${'x'.repeat(1000)}`).join('\n')}\n`,
};

const logs: UnitLogs = {
  read: async (_request, take) => void (await take([])),
  tail: (unit, lines) => Promise.resolve([`${lines} of ${unit}`]),
};

function services(systemd: SystemdPort | undefined, fields: Partial<QueryServices> = {}): QueryServices {
  return {
    systemd: () => systemd,
    logs,
    policy: () => defaultPolicy,
    clock: systemClock,
    ownUnit: 'hecate-agent.service',
    armed: () => ['Armed=run 1'],
    softwareVersion: '0.1.0',
    ...fields,
  };
}

async function ask(given: QueryServices, query: QueryBody): Promise<{ outcome: Outcome; items: Item[] }> {
  const items: Item[] = [];
  const request = {
    method: { case: 'query', value: { query } },
    timeLimitMs: 1000,
    signal: new AbortController().signal,
    sendItem: (item: Item) => Promise.resolve(items.push(item) > 0),
  } as const;
  return { outcome: await answerQuery(given, request, { query }), items };
}

t.test('queries', { skip, timeout: 120_000 }, async (t) => {
  const node = await userNode(t, units);
  const systemd = await systemdOf(t, node);
  await node.systemctl('start', 'web.service');
  await node.systemctl('start', 'bad.service');
  const result = async (query: QueryBody, fields: Partial<QueryServices> = {}) => {
    const { outcome } = await ask(services(systemd, fields), query);
    return outcome.case === 'queryResult' ? outcome.value.result : undefined;
  };
  const status = (unit: string, logLines = 0) => ({ case: 'unitStatus', value: { unit, logLines } }) as const;

  await t.test('the status of a unit', async (t) => {
    const web = await result(status('web.service', 7));
    t.match(web, {
      value: {
        state: {
          name: 'web.service',
          description: 'A web server',
          activeState: 'active',
          subState: 'running',
        },
        evidence: { result: 'success', invocationId: /^[0-9a-f]{32}$/ },
        fragmentPath: /web\.service$/,
        unitFileState: 'disabled',
        memoryCurrentBytes: /^\d*$/,
        tasksCurrent: /^\d*$/,
        logLines: ['7 of web.service'],
        logsMissingBecause: '',
      },
    });
    t.ok(
      web?.case === 'unitStatus' &&
        web.value.mainPid > 0 &&
        Math.abs(web.value.activeEnterMs - Date.now()) < 60_000,
    );
    t.match(await result(status('bad.service')), {
      value: {
        state: { activeState: 'failed' },
        evidence: { result: 'exit-code', execMainStatus: 3 },
        mainPid: 0,
      },
    });
    t.match(await result(status('none.service')), {
      value: {
        state: { loadState: 'not-found', activeState: 'inactive' },
        activeEnterMs: 0,
        memoryCurrentBytes: '',
      },
    });
    await t.rejects(result(status('../x')), { code: 'HEC_BAD_NAME' });
  });

  await t.test('logs that cannot be read do not keep the rest back', async (t) => {
    const broken = { ...logs, tail: () => Promise.reject(new Error('no journal here')) };
    t.match(await result(status('web.service', 3), { logs: broken }), {
      value: { state: { activeState: 'active' }, logsMissingBecause: 'no journal here' },
    });
    const silent = { ...defaultPolicy, read: false };
    t.match(await result(status('web.service', 3), { policy: () => silent }), {
      value: { logLines: [], logsMissingBecause: /Read=no/ },
    });
  });

  await t.test('properties keep their types', async (t) => {
    const properties = ['Id', 'LimitNOFILE', 'ExecStart', 'InvocationID', 'Nonsense'];
    const shown = await result({ case: 'showUnit', value: { unit: 'web.service', properties } });
    if (shown?.case !== 'unitProperties') throw new Error('no properties');
    const byName = new Map(shown.value.properties.map(({ name, value }) => [name, value]));
    t.same([...byName.keys()], ['ExecStart', 'Id', 'InvocationID', 'LimitNOFILE']);
    t.match(byName.get('LimitNOFILE'), {
      signature: 't',
      data: { data: { case: 'integer64', value: '4096' } },
    });
    t.equal(byName.get('ExecStart')?.signature, 'a(sasbttttuii)');
    const all = await result({ case: 'showUnit', value: { unit: 'web.service', properties: [] } });
    t.ok(all?.case === 'unitProperties' && all.value.properties.length > 200);
  });

  await t.test('an answer that fits no frame is an error to its asker', async (t) => {
    const show: QueryBody = { case: 'showUnit', value: { unit: 'huge.service', properties: [] } };
    await t.rejects(result(show), { code: 'HEC_UNSUPPORTED', remedy: /name the properties/ });
  });

  await t.test('unit files', async (t) => {
    t.match(await result({ case: 'readUnitFile', value: { unit: 'web.service' } }), {
      value: { files: [{ path: /web\.service$/, text: units['web.service'] }, { path: /limit\.conf$/ }] },
    });
    await t.rejects(result({ case: 'readUnitFile', value: { unit: 'none.service' } }), {
      code: 'HEC_NO_SUCH_UNIT',
    });
    const states = await result({
      case: 'unitFileStates',
      value: { units: ['web.service', 'none.service'] },
    });
    t.match(states, { value: { entries: [{ state: 'disabled' }, { state: 'not-found' }] } });
    t.match(await result({ case: 'getDefaultTarget', value: {} }), { value: { target: /\.target$/ } });
    const list = { patterns: ['web*', 'bad*'], states: ['disabled', 'static'] };
    const { items } = await ask(services(systemd), { case: 'listUnitFiles', value: list });
    t.match(items, [
      {
        case: 'unitFiles',
        value: { files: [{ state: 'static' }, { path: /web\.service$/, state: 'disabled' }] },
      },
    ]);
    const all = await ask(services(systemd), { case: 'listUnitFiles', value: { patterns: [], states: [] } });
    t.ok(all.items.length >= 1);
  });

  await t.test('the node', async (t) => {
    t.match(await result({ case: 'nodeStatus', value: {} }), {
      value: {
        systemState: /degraded|running/,
        systemdVersion: /^\d+/,
        agentVersion: '0.1.0',
        unitsFailed: 1,
        busConnected: true,
        policySummary: [...policySummary(defaultPolicy), 'Armed=run 1'],
      },
    });
  });

  await t.test('what the policy would say of operations', async (t) => {
    const rule = { text: 'Deny=stop bad.service', verbs: ['stop' as const], units: ['bad.service'] };
    const policy = () => ({ ...defaultPolicy, poweroff: false, deny: [rule] });
    const wish = (verb: Verb, unit = '', jobMode = '') => ({ verb, unit, jobMode });
    const operations = [
      wish('start', 'bad.service'),
      wish('stop', 'bad.service'),
      wish('start', 'web.service', 'isolate'),
      wish('poweroff'),
    ];
    const query = { case: 'judgeOperations', value: { operations } } as const;
    const judged = await result(query, { policy });
    t.match(judged, {
      value: {
        verdicts: [
          { refusal: '', remedy: '' },
          { refusal: /says Deny=stop bad\.service/ },
          { refusal: /job mode isolate/, remedy: /JobModes=/ },
          { refusal: /does not allow poweroff/, remedy: /Poweroff=yes/ },
        ],
      },
    });
    const blind = await result(query, { policy, systemd: () => undefined });
    t.match(blind, { value: { verdicts: [{}, { refusal: /no connection to its D-Bus/ }] } }, 'I12');
    t.equal(
      (await node.systemctl('is-active', 'web.service')).stdout.trim(),
      'active',
      'nothing was applied',
    );
  });

  await t.test('what the policy keeps on the node', async (t) => {
    const policy = () => ({ ...defaultPolicy, read: false });
    const queries: QueryBody[] = [
      { case: 'showUnit', value: { unit: 'web.service', properties: [] } },
      { case: 'readUnitFile', value: { unit: 'web.service' } },
      { case: 'readLogs', value: { unit: 'web.service', follow: false, since: '', linesMax: 0, until: '' } },
    ];
    for (const query of queries) {
      await t.rejects(result(query, { policy }), { code: 'HEC_POLICY' }, query.case);
    }
  });
});

t.test('without a bus', async (t) => {
  await t.rejects(ask(services(undefined), { case: 'getDefaultTarget', value: {} }), {
    code: 'HEC_BUS_GONE',
  });
  const { outcome } = await ask(services(undefined), { case: 'nodeStatus', value: {} });
  t.match(outcome, { value: { result: { value: { busConnected: false } } } });
});

t.test('logs are those of a unit: the whole journal tells of more than units', async (t) => {
  for (const unit of ['', '*', '../x']) {
    const query = { unit, follow: false, since: '', linesMax: 0, until: '' };
    const read: string[] = [];
    const watched = { ...logs, read: () => Promise.resolve(void read.push(unit)) };
    const asked = ask(services(undefined, { logs: watched }), { case: 'readLogs', value: query });
    await t.rejects(asked, { code: 'HEC_BAD_NAME' }, JSON.stringify(unit));
    t.same(read, []);
  }
});

t.test('logs are items', async (t) => {
  const query = { unit: 'web.service', follow: false, since: '', linesMax: 0, until: '' };
  const { items, outcome } = await ask(services(undefined), { case: 'readLogs', value: query });
  t.match(items, [{ case: 'logs', value: { node: '' } }]);
  t.match(outcome, { case: 'queryResult', value: { result: { case: 'done' } } });
});
