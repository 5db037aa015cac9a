import type { Finding } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { type DiagnosisFacts, diagnose } from '../../src/core/diagnosis.ts';
import {
  busState,
  connected,
  nodeOf,
  notice,
  playFleet,
  threeNodes,
  wallMs,
} from '../support/fleet-fixtures.ts';

const dayMs = 86_400_000;

const facts = (changes: Partial<DiagnosisFacts> = {}): DiagnosisFacts => ({
  name: 'node-a',
  nowWallMs: wallMs,
  node: nodeOf(threeNodes(), 'node-a'),
  isEnrolled: true,
  isRevoked: false,
  certificateNotAfterMs: wallMs + 30 * dayMs,
  hasOpenToken: false,
  hasAuthority: true,
  listening: ['0.0.0.0:2020'],
  refusals: [],
  refusalsOfStrangers: 0,
  ...changes,
});

const of = (findings: Finding[], subject: string): Finding => {
  const found = findings.find((each) => each.subject === subject);
  if (!found) throw new Error(`no finding about ${subject}`);
  return found;
};
const troubles = (findings: Finding[]) => findings.filter(({ passed }) => !passed);

t.test('a node that is online and well', async (t) => {
  const findings = diagnose(facts());
  t.same(troubles(findings), []);
  t.same(
    findings.map(({ subject }) => subject),
    ['name', 'port', 'TLS', 'connections', 'session', 'clock', 'D-Bus', 'units'],
  );
  for (const { detail, subject } of findings) t.not(detail, '', subject);
  t.match(of(findings, 'session').detail, /online from 192\.0\.2\.7/);
  t.match(of(findings, 'units').detail, '3 units known');
});

const away: Partial<DiagnosisFacts> = { name: 'node-b', node: nodeOf(threeNodes(), 'node-b') };
const unseen: Partial<DiagnosisFacts> = { name: 'node-c', node: nodeOf(threeNodes(), 'node-c') };

const cases: [string, Partial<DiagnosisFacts>, subject: string, detail: RegExp, remedy: RegExp][] = [
  ['not enrolled', { isEnrolled: false }, 'name', /node-a is not enrolled/, /node enroll node-a/],
  ['revoked', { isRevoked: true }, 'name', /node-a was revoked/, /node enroll node-a/],
  [
    'no authority',
    { hasAuthority: false, listening: [] },
    'port',
    /does not listen: .* authority/,
    /ca init/,
  ],
  ['no listener', { listening: [] }, 'port', /does not listen$/, /"listen" in hecate\.yaml/],
  [
    'token not used',
    { ...unseen, certificateNotAfterMs: 0, hasOpenToken: true },
    'TLS',
    /token was not used/,
    /join/,
  ],
  [
    'no certificate',
    { ...unseen, certificateNotAfterMs: 0 },
    'TLS',
    /no certificate was issued/,
    /node enroll node-c/,
  ],
  [
    'certificate over',
    { ...away, certificateNotAfterMs: wallMs - 1 },
    'TLS',
    /ended 2023-11-14T/,
    /node enroll node-b/,
  ],
  [
    'offline',
    away,
    'session',
    /node-b is not connected: nothing heard .* last seen 2023-11-14T/,
    /status hecate-agent/,
  ],
  ['never seen', unseen, 'session', /has not connected since the manager started$/, /hecate-agent check/],
  ['unknown', { name: 'node-z', node: undefined, isEnrolled: false }, 'session', /unknown name/, /status/],
];

for (const [name, changes, subject, detail, remedy] of cases) {
  t.test(name, async (t) => {
    const found = of(diagnose(facts(changes)), subject);
    t.equal(found.passed, false);
    t.match(found.detail, detail);
    t.match(found.remedy, remedy);
  });
}

t.test('the last refused connection, with its own remedy', async (t) => {
  const refusal = { atMs: wallMs, address: '192.0.2.9:4711', reason: 'expired: over', remedy: 'join again' };
  const refusals = [{ ...refusal, reason: 'older' }, refusal];
  const found = of(diagnose(facts({ ...away, refusals })), 'connections');
  t.match(found, { passed: false, remedy: 'join again' });
  t.match(found.detail, /192\.0\.2\.9:4711 was refused 2023-11-14T.*: expired: over/);
  const strangers = of(diagnose(facts({ ...away, refusalsOfStrangers: 3 })), 'connections');
  t.match(strangers, { passed: true, detail: /3 refused connections did not say who they are/ });
});

t.test('what only an online node can have', async (t) => {
  const hello = connected('node-a');
  if (hello.type !== 'connected') return;
  const skewed = playFleet(threeNodes(), { ...hello, wallMs: wallMs + 600_000 }).state;
  const findings = diagnose(facts({ node: nodeOf(skewed, 'node-a') }));
  t.match(of(findings, 'clock'), { passed: false, detail: /-10 min off/, remedy: /timedatectl/ });
  t.match(of(findings, 'units'), { passed: false, detail: /not complete/ });
  const busless = playFleet(threeNodes(), notice('node-a', busState(false))).state;
  t.match(of(diagnose(facts({ node: nodeOf(busless, 'node-a') })), 'D-Bus'), {
    passed: false,
    remedy: /dbus/,
  });
  t.notOk(
    diagnose(facts(away)).some(({ subject }) => subject === 'clock'),
    'of one that is away nothing is claimed',
  );
});

t.test('a node on the plain loopback listener needs no certificate', async (t) => {
  const findings = diagnose(
    facts({ certificateNotAfterMs: 0, hasAuthority: false, listening: ['127.0.0.1:2021'] }),
  );
  t.same(troubles(findings), []);
  t.match(of(findings, 'TLS').detail, /plain loopback/);
  t.match(of(findings, 'port').detail, /nc -zv MANAGER 2021/, 'the port that it really listens on');
});
