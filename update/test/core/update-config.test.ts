import t from 'tap';
import { parseUpdateConfig } from '../../src/core/update-config.ts';

const parse = (text: string) => parseUpdateConfig(text, 'update.conf');

t.test('a source is enough', async (t) => {
  t.same(parse('# at night\nSource=directory:/srv/releases\n'), {
    source: { kind: 'directory', place: '/srv/releases' },
    keyring: '/etc/hecate/update-keyring.gpg',
    stateDirectory: '/var/lib/hecate-update',
    healthTimeLimitMs: 120_000,
  });
  t.same(parse('Source=git:https://git.example/hecate.git').source, {
    kind: 'git',
    place: 'https://git.example/hecate.git',
  });
  t.same(parse('[Update]\nSource = apt\nHealthTimeLimit=5min\n'), {
    ...parse('Source=apt'),
    healthTimeLimitMs: 300_000,
  });
});

t.test('what is wrong is told with its place', async (t) => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /Source=: expected directory/],
    ['Source=directory:relative', /expected directory:\/PATH/],
    ['Source=git:--upload-pack=evil', /expected/],
    ['Source=git:ext::sh -c evil', /expected/],
    ['Source=ftp:x', /expected/],
    ['Source=apt\nSource=apt', /update\.conf:2: Source= is set twice/],
    ['Source=apt\nsource', /update\.conf:2: expected Key=value/],
    ['Source=apt\nSorce=apt', /update\.conf:2: there is no Sorce=/],
    ['Source=apt\nKeyring=here', /Keyring=here: expected an absolute path/],
    ['Source=apt\nHealthTimeLimit=1s', /from 10s to 60min/],
    ['Source=apt\nHealthTimeLimit=soon', /such as 120s/],
  ];
  for (const [text, message] of bad) t.throws(() => parse(text), { code: 'HEC_CONFIG', message }, text);
});
