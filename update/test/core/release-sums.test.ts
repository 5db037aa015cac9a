import t from 'tap';
import { parseSums } from '../../src/core/release-sums.ts';

const digest = 'a'.repeat(64);

t.test('packages among what is listed', async (t) => {
  const text = `${digest}  hecate-agent_1.2.3_all.deb\n${digest} *hecatectl_1.2.3_all.deb\n${digest}  notes.txt\n`;
  t.same(parseSums(text, 'deb'), [
    { name: 'hecate-agent', version: '1.2.3', file: 'hecate-agent_1.2.3_all.deb', sha256: digest },
    { name: 'hecatectl', version: '1.2.3', file: 'hecatectl_1.2.3_all.deb', sha256: digest },
  ]);
  t.same(parseSums(text, 'rpm'), []);
  t.same(parseSums('', 'deb'), []);
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
