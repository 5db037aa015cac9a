import { readFileSync } from 'node:fs';
import type { Method } from '@hecate/proto/core/frames.ts';
import { isOrdinaryJobMode, jobModes } from '@hecate/proto/core/job-modes.ts';
import {
  createOperate,
  createRequest,
  createVerbOptions,
  type Role,
  RoleValues,
  type Verb,
  VerbValues,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { neededRole, type OperatorRole, requireRole, requireRoleForUnits } from '../../src/core/roles.ts';

const proto = readFileSync(new URL('../../../proto/hecate.proto', import.meta.url), 'utf8');

/** The methods of a request under the heading that says who asks them. */
function methodsOf(heading: string): Method['case'][] {
  const request = /message Request \{[\s\S]*?oneof method \{([\s\S]*?\n) {2}\}/.exec(proto)?.[1] ?? '';
  const section = new RegExp(`// ${heading}\\n((?: {4}\\w.*\\n)+)`).exec(request)?.[1] ?? '';
  return [...section.matchAll(/\w+ (\w+) = \d+;/g)].map(
    ([, name = '']) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as Method['case'],
  );
}

const methodOf = (name: string): Method => {
  if (name === 'operate') return { case: 'operate', value: createOperate({ verb: 'start' }) };
  const method = createRequest({ method: { case: name, value: {} } as Method }).method;
  if (method.case === undefined) throw new Error('no method');
  return method;
};

const operators = methodsOf('operator → manager');
const others = ['manager → agent', 'joiner → manager'].flatMap(methodsOf);

const table: Record<string, OperatorRole> = {
  listNodes: 'viewer',
  listUnits: 'viewer',
  operate: 'operator',
  read: 'viewer',
  monitor: 'viewer',
  waitUnits: 'viewer',
  getMetrics: 'viewer',
  setLogLevel: 'operator',
  getHealth: 'viewer',
  diagnose: 'viewer',
  enroll: 'admin',
  revoke: 'admin',
  listIdentities: 'operator',
  initAuthority: 'admin',
  getOperation: 'viewer',
  listOperations: 'viewer',
  getPlan: 'viewer',
  startRun: 'operator',
  listRuns: 'viewer',
  getRun: 'viewer',
  watchRun: 'viewer',
  abortRun: 'operator',
  getPower: 'viewer',
  playScenario: 'viewer',
};

t.test('every method that an operator can ask has its role', async (t) => {
  t.ok(operators.length >= 15, 'the schema was read');
  t.same(Object.keys(table).sort(), [...operators].sort(), 'a new method needs a line in this table');
  for (const name of operators) t.equal(neededRole(methodOf(name)), table[name], name);
  t.equal(neededRole(methodOf('renewCertificate')), 'viewer', 'everybody may renew his own');
});

t.test('what operators cannot ask has none, and is refused to an admin', async (t) => {
  t.ok(others.length >= 5, 'the schema was read');
  for (const name of [...others, 'reportOutcomes']) {
    t.equal(neededRole(methodOf(name)), undefined, name);
    t.throws(() => requireRole('admin', methodOf(name)), { code: 'HEC_ROLE' });
  }
});

t.test('the verbs that need an admin', async (t) => {
  const admins: Verb[] = ['exec', 'poweroff', 'reboot'];
  for (const verb of VerbValues) {
    const method: Method = { case: 'operate', value: createOperate({ verb }) };
    t.equal(neededRole(method), admins.includes(verb) ? 'admin' : 'operator', verb);
  }
});

t.test(
  'the end of a host under another name, and the job modes that reach further, need an admin',
  async (t) => {
    const operate = (verb: Verb, units: string[], jobMode = ''): Method => ({
      case: 'operate',
      value: createOperate({ verb, units, options: createVerbOptions({ jobMode }) }),
    });
    for (const verb of ['start', 'restart', 'set-default'] as const)
      t.equal(neededRole(operate(verb, ['web.service', 'poweroff.target'])), 'admin', verb);
    t.throws(() => requireRole('operator', operate('start', ['ctrl-alt-del.target'])), {
      message: 'start ctrl-alt-del.target needs the role admin, yours is operator',
    });
    t.equal(neededRole(operate('stop', ['poweroff.target'])), 'operator');
    for (const mode of jobModes)
      t.equal(
        neededRole(operate('start', ['web.service'], mode)),
        isOrdinaryJobMode(mode) ? 'operator' : 'admin',
      );
    t.throws(() => requireRole('operator', operate('start', ['rescue.service'], 'isolate')), {
      code: 'HEC_ROLE',
    });
    t.throws(() => requireRole('operator', operate('stop', ['web.service'], 'ignore-dependencies')), {
      message: 'stop with the job mode ignore-dependencies needs the role admin, yours is operator',
    });
  },
);

t.test('what a glob stands for is judged, too', async (t) => {
  t.throws(() => requireRoleForUnits('operator', 'start', ['web.service', 'systemd-poweroff.service']), {
    code: 'HEC_ROLE',
    message: /start systemd-poweroff\.service needs the role admin/,
  });
  t.doesNotThrow(() => requireRoleForUnits('admin', 'start', ['systemd-poweroff.service']));
  t.doesNotThrow(() => requireRoleForUnits('operator', 'start', ['web.service']));
});

t.test('every role against every method', async (t) => {
  const rank: Partial<Record<Role, number>> = { viewer: 1, operator: 2, admin: 3 };
  for (const role of RoleValues) {
    for (const name of operators) {
      const isAllowed = (rank[role] ?? 0) >= (rank[table[name] ?? 'admin'] ?? 0);
      const ask = () => requireRole(role, methodOf(name));
      if (isAllowed) t.doesNotThrow(ask, `${role} may ask ${name}`);
      else t.throws(ask, { code: 'HEC_ROLE', message: new RegExp(`yours is ${role}`) }, `${role}: ${name}`);
    }
  }
});

t.test('a refusal says what is needed and what to do', async (t) => {
  const poweroff: Method = { case: 'operate', value: createOperate({ verb: 'poweroff' }) };
  t.throws(() => requireRole('operator', poweroff), {
    message: 'poweroff needs the role admin, yours is operator',
    remedy: /operator enroll NAME --role admin/,
  });
});
