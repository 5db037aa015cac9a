/** Properties as they are on the node, bit by bit: every type of D-Bus, 64-bit integers, nested structures. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { siteForTest } from '../site/site.ts';

const skip = await skipUnless('user');
t.setTimeout(120_000);

const units = {
  'rich.service': `[Unit]
Description=Ünïcödé "quoted" \\\\ back
Documentation=man:sleep(1) https://example.org/?a=b&c=d
ConditionPathExists=|/
ConditionPathExists=|!/nowhere
After=basic.target

[Service]
Type=exec
ExecStart=/bin/sleep 1000
ExecStartPre=-/bin/echo 'a b' "c" $HOME
ExecStartPost=/bin/true
Environment="A=1 2" B=$x C=%%n
MemoryMax=9007199254740993
MemoryHigh=infinity
TasksMax=4611686018427387905
LimitNOFILE=1000:2000
LimitCORE=infinity
CPUQuota=12.5%
TimeoutStopSec=infinity
RestartSec=123456789us
WatchdogSec=0
SuccessExitStatus=3 SIGKILL
Nice=-0
OOMScoreAdjust=100
UMask=0077
ReadWritePaths=-/tmp -/var/tmp
SystemCallErrorNumber=EPERM
Slice=app.slice
`,
  'ticks.timer':
    '[Timer]\nOnBootSec=1d\nOnUnitActiveSec=9007199254740993us\nOnCalendar=*-*-* 03:00:00\nUnit=rich.service\nRandomizedDelaySec=5\n',
  'calls.socket': '[Socket]\nListenStream=%t/calls.sock\nListenDatagram=127.0.0.1:0\nService=rich.service\n',
  'watches.path': '[Path]\nPathExists=/nowhere/at/all\nPathChanged=/tmp/x\nUnit=rich.service\n',
};

const interfaces: Record<string, string> = {
  service: 'Service',
  timer: 'Timer',
  socket: 'Socket',
  path: 'Path',
  target: 'Target',
  slice: 'Slice',
};

interface Value {
  readonly type: string;
  readonly value: unknown;
}
interface BusctlValue {
  readonly type: string;
  readonly data: unknown;
}

/** JSON with integers as text: JSON.parse would round those above 2^53. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? { number: context?.source ?? String(value) } : value,
  );
}

/** Numbers of both sides as text; bytes as hexadecimal, as hecatectl shows them. */
function plain(data: unknown, type: string): unknown {
  if (typeof data === 'object' && data !== null && 'number' in data) return data.number;
  if (typeof data === 'number') return String(data);
  if (Array.isArray(data)) {
    if (type === 'ay')
      return data.map((byte) => Number(plain(byte, 'y')).toString(16).padStart(2, '0')).join('');
    const element = type.startsWith('a') ? type.slice(1) : '';
    const members = element.startsWith('(') || type.startsWith('(') ? membersOf(element || type) : undefined;
    return data.map((item, index) => plain(item, type.startsWith('a') ? element : (members?.[index] ?? '')));
  }
  return data;
}

/** `(sasb)` → s, as, b */
function membersOf(type: string): string[] {
  const members: string[] = [];
  for (let i = 1; i < type.length - 1; ) {
    let end = i;
    while (type[end] === 'a') end += 1;
    if (type[end] === '(') {
      for (let depth = 1; depth > 0; ) {
        end += 1;
        depth += type[end] === '(' ? 1 : type[end] === ')' ? -1 : 0;
      }
    }
    members.push(type.slice(i, end + 1));
    i = end + 1;
  }
  return members;
}

/** Counters that move between two looks. */
const moving =
  /^(CPUUsageNSec|MemoryCurrent|MemoryAvailable|TasksCurrent|IO.*(Bytes|Operations)|IP(Ingress|Egress).*|EffectiveCPUs|.*Timestamp.*|NextElapse.*|Job)$/;

t.test('properties', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha'], units });
  const { manager } = site;
  const alpha = site.node('alpha');
  t.equal(
    (await manager.ctl(['start', 'alpha', 'rich', 'ticks.timer', 'watches.path', 'calls.socket'])).exitCode,
    0,
  );

  const pathOf = async (unit: string): Promise<string> => {
    const manager1 = [
      'org.freedesktop.systemd1',
      '/org/freedesktop/systemd1',
      'org.freedesktop.systemd1.Manager',
    ];
    const answer = await alpha.runOrThrow([
      'busctl',
      '--user',
      '--json=short',
      'call',
      '--',
      ...manager1,
      'LoadUnit',
      's',
      unit,
    ]);
    return (JSON.parse(answer) as { data: [string] }).data[0];
  };
  const onTheBus = async (unit: string, interfaceName: string): Promise<Map<string, BusctlValue>> => {
    const arguments_ = [
      'org.freedesktop.systemd1',
      await pathOf(unit),
      'org.freedesktop.DBus.Properties',
      'GetAll',
    ];
    const text = await alpha.runOrThrow([
      'busctl',
      '--user',
      '--json=short',
      'call',
      ...arguments_,
      's',
      `org.freedesktop.systemd1.${interfaceName}`,
    ]);
    const { data } = parseExactly(text) as { data: [Record<string, BusctlValue>] };
    return new Map(Object.entries(data[0]));
  };

  for (const unit of [
    'rich.service',
    'ticks.timer',
    'calls.socket',
    'watches.path',
    'basic.target',
    '-.slice',
  ]) {
    t.test(unit, async (t) => {
      const { stdout, stderr } = await manager.ctl(['show', '-o', 'json', 'alpha', '--', unit]);
      const [shown] = JSON.parse(stdout || '[]') as { properties: Record<string, Value> }[];
      t.ok(shown, stderr);
      const properties = shown?.properties ?? {};
      const type = interfaces[unit.slice(unit.lastIndexOf('.') + 1)] ?? '';
      const own = new Map([...(await onTheBus(unit, type)), ...(await onTheBus(unit, 'Unit'))]);
      t.strictSame(
        Object.keys(properties).sort(),
        [...own.keys()].sort(),
        'every property of both interfaces',
      );
      let compared = 0;
      const different: unknown[] = [];
      for (const [name, { type, data }] of own) {
        const ours = properties[name];
        if (ours?.type !== type) different.push({ name, ours: ours?.type, own: type });
        if (moving.test(name)) continue;
        const [a, b] = [JSON.stringify(plain(ours?.value, type)), JSON.stringify(plain(data, type))];
        if (a !== b) different.push({ name, type, ours: a, own: b });
        compared += 1;
      }
      t.strictSame(different, []);
      t.ok(compared > 40, `${compared} values compared`);
    });
  }

  t.test('64-bit integers above what a double holds', async (t) => {
    const { stdout } = await manager.ctl(['show', '-o', 'json', 'alpha', 'rich']);
    const [{ properties }] = JSON.parse(stdout) as [{ properties: Record<string, Value> }];
    t.strictSame(properties.MemoryMax, { type: 't', value: '9007199254740993' });
    t.strictSame(properties.TasksMax, { type: 't', value: '4611686018427387905' });
    t.strictSame(properties.MemoryHigh, { type: 't', value: '18446744073709551615' });
    t.strictSame(properties.Description, { type: 's', value: 'Ünïcödé "quoted" \\\\ back' });
  });

  t.test('as text, they are what systemctl show says', async (t) => {
    const names = [
      'Id',
      'Names',
      'Description',
      'ActiveState',
      'MainPID',
      'Type',
      'MemoryMax',
      'MemoryHigh',
      'TasksMax',
      'OOMScoreAdjust',
      'Documentation',
      'Environment',
      'FragmentPath',
      'CanStart',
      'NeedDaemonReload',
      'InvocationID',
      'Slice',
      'After',
      'Requires',
    ];
    const lines = (text: string): Map<string, string> =>
      new Map(
        text
          .trimEnd()
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    const own = lines((await alpha.systemctl('show', 'rich', '-p', names.join(','))).stdout);
    const ours = lines((await manager.ctl(['show', 'alpha', 'rich', '-p', names.join(',')])).stdout);
    t.strictSame([...ours.keys()].sort(), [...names].sort());
    for (const name of names) t.equal(ours.get(name), own.get(name), name);
    t.equal(
      (await manager.ctl(['show', 'alpha', 'rich', '-p', 'MainPID', '--value'])).stdout.trim(),
      own.get('MainPID'),
    );
  });
});
