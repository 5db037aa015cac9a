import t from 'tap';
import { recordsOf } from '../../src/io/apt-source.ts';

const digest = 'b'.repeat(64);
const record = (version: string, more = ''): string =>
  `Package: hecate-agent\nVersion: ${version}\nArchitecture: all\n${more}Description: the agent\n`;
const offered = `Filename: pool/hecate-agent.deb\nSHA256: ${digest}\n`;

t.test('what apt-cache tells of a package', async (t) => {
  const text = [record('1.1.0', offered), record('1.0.0')].join('\n');
  t.same(
    recordsOf(text),
    [{ name: 'hecate-agent', version: '1.1.0', file: 'hecate-agent_1.1.0_all.deb', sha256: digest }],
    'what is only installed is not offered',
  );
  t.same(recordsOf(''), []);
  t.same(recordsOf(record('1:1.1.0-2', offered)), [], 'versions that are none of ours');
});
