import t from 'tap';
import { parseSums, requireNotExpired } from '../../src/core/release-sums.ts';

const digest = 'a'.repeat(64);

t.test('packages among what is listed', async (t) => {
  const text = `${digest}  hecate-agent_1.2.3_all.deb\n${digest} *hecatectl_1.2.3_all.deb\n${digest}  notes.txt\n`;
  t.same(parseSums(text, 'deb').packages, [
    { name: 'hecate-agent', version: '1.2.3', file: 'hecate-agent_1.2.3_all.deb', sha256: digest },
    { name: 'hecatectl', version: '1.2.3', file: 'hecatectl_1.2.3_all.deb', sha256: digest },
  ]);
  t.same(parseSums(text, 'rpm').packages, []);
  t.same(parseSums('', 'deb'), { packages: [], expiresAtMs: undefined });
});

t.test('until when it holds', async (t) => {
  const of = (line: string): number | undefined => parseSums(`${line}\n`, 'deb').expiresAtMs;
  t.equal(of('# expires 2027-01-31'), Date.UTC(2027, 0, 31));
  t.equal(of('# expires 2027-01-31T12:00:00Z'), Date.UTC(2027, 0, 31, 12));
  t.equal(of('# another comment'), undefined);
  for (const line of [
    '# expires tomorrow',
    '#expires 2027-01-31',
    '# Expires 2027-01-31',
    '# expires 2027-13-01',
    '# expires 2027-01-31\n# expires 2028-01-31',
  ])
    t.throws(() => of(line), { code: 'HEC_CONFIG', message: /expire/ }, line);
  const expiresAtMs = Date.UTC(2027, 0, 31);
  const sums = { packages: [], expiresAtMs };
  t.doesNotThrow(() => requireNotExpired(sums, expiresAtMs - 1));
  t.doesNotThrow(() => requireNotExpired({ packages: [], expiresAtMs: undefined }, expiresAtMs));
  t.throws(() => requireNotExpired(sums, expiresAtMs), {
    code: 'HEC_POLICY',
    message: /expired at 2027-01-31T00:00:00.000Z, nothing was installed/,
  });
});

t.test('what is no list is refused as a whole', async (t) => {
  const bad = [
    `${digest}  ../hecate-agent_1.2.3_all.deb`,
    `${digest}  sub/hecate-agent_1.2.3_all.deb`,
    `${digest.slice(1)}  hecate-agent_1.2.3_all.deb`,
    `${digest} hecate-agent_1.2.3_all.deb`,
    `${digest}  -rf.deb`,
    'no list',
  ];
  for (const line of bad)
    t.throws(
      () => parseSums(`${digest}  fine.txt\n${line}\n`, 'deb'),
      { code: 'HEC_CONFIG', message: /line 2/ },
      line,
    );
  t.throws(() => parseSums(`${digest}  a.txt\n`.repeat(1001), 'deb'), /at most 1000/);
});
