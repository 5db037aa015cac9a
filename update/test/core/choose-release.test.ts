import t from 'tap';
import { chooseRelease, packagesOf } from '../../src/core/choose-release.ts';
import type { OfferedPackage } from '../../src/core/release-sums.ts';

const release = (version: string, ...names: string[]): OfferedPackage[] =>
  names.map((name) => ({ name, version, file: `${name}_${version}_all.deb`, sha256: '' }));
const agent = ['hecate-runtime', 'hecate-agent'];
const installed = new Map(agent.map((name) => [name, '1.0.0']));
const choose = (offered: readonly OfferedPackage[], refused: readonly string[] = []) =>
  chooseRelease({ installed, offered, refused });

t.test('the newest that has every package of the host', async (t) => {
  const offered = [
    ...release('1.1.0', ...agent),
    ...release('1.10.0', ...agent),
    ...release('2.0.0', 'hecate-agent'),
  ];
  t.same(choose(offered), { type: 'update', from: '1.0.0', to: '1.10.0' });
  t.same(choose(offered, ['1.10.0']), { type: 'update', from: '1.0.0', to: '1.1.0' });
});

t.test('never an older one, and never the same', async (t) => {
  t.match(choose([...release('0.9.0', ...agent), ...release('1.0.0', ...agent)]), {
    type: 'none',
    sentence: /1\.0\.0 is the newest/,
  });
  t.match(choose([]), { type: 'none' });
  t.match(choose(release('1.0.0~beta.1', ...agent)), { type: 'none' });
});

t.test('why not', async (t) => {
  t.match(choose(release('2.0.0', 'hecate-agent')), {
    type: 'none',
    sentence: /not every package of this host/,
  });
  t.match(choose(release('2.0.0', ...agent), ['2.0.0']), {
    type: 'refused',
    sentence: /2\.0\.0 did not come up/,
  });
  t.match(chooseRelease({ installed: new Map(), offered: [], refused: [] }), { type: 'wrong' });
  const mixed = new Map([
    ['hecate-runtime', '1.0.0'],
    ['hecate-agent', '1.1.0'],
  ]);
  t.match(chooseRelease({ installed: mixed, offered: [], refused: [] }), {
    type: 'wrong',
    sentence: /hecate-runtime 1\.0\.0, hecate-agent 1\.1\.0/,
  });
});

t.test('packages of one release', async (t) => {
  const offered = [...release('1.1.0', ...agent, 'hecatectl'), ...release('1.2.0', ...agent)];
  t.same(
    packagesOf(offered, agent, '1.1.0').map(({ file }) => file),
    ['hecate-runtime_1.1.0_all.deb', 'hecate-agent_1.1.0_all.deb'],
  );
});
