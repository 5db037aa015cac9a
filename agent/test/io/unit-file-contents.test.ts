import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readUnitFiles } from '../../src/io/unit-file-contents.ts';

t.test('files of a unit', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-unit-files-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('a.service'), '[Service]\n# ä\n');
  writeFileSync(at('b.conf'), '');
  symlinkSync('/dev/null', at('masked.service'));
  t.strictSame(await readUnitFiles('a.service', [at('a.service'), at('b.conf'), at('masked.service')]), [
    { path: at('a.service'), text: '[Service]\n# ä\n' },
    { path: at('b.conf'), text: '' },
    { path: at('masked.service'), text: '' },
  ]);

  const refused = { code: 'HEC_UNSUPPORTED' };
  execFileSync('mkfifo', [at('pipe')]);
  await t.rejects(
    readUnitFiles('a.service', [at('pipe')]),
    { ...refused, message: /regular/ },
    'and does not hang',
  );
  await t.rejects(readUnitFiles('a.service', [folder]), refused, 'a folder');
  await t.rejects(readUnitFiles('a.service', [at('gone')]), { ...refused, remedy: /daemon-reload/ });
  await t.rejects(readUnitFiles('a.service', ['/proc/self/mem']), refused);
  writeFileSync(at('half'), 'x'.repeat(150_000));
  await t.rejects(readUnitFiles('a.service', [at('half'), at('half')]), {
    ...refused,
    message: /204800 bytes/,
  });
  await t.rejects(readUnitFiles('a.service', Array(200).fill(at('b.conf'))), {
    ...refused,
    message: /200 files/,
  });
});
