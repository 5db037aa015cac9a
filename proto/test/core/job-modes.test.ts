import { spawnSync } from 'node:child_process';
import { isJobMode, isOrdinaryJobMode, jobModes, ordinaryJobModes } from '@hecate/proto/core/job-modes.ts';
import t from 'tap';

t.test('the ordinary ones, and nothing said', async (t) => {
  for (const mode of ['', 'replace', 'fail', 'lenient']) t.ok(isOrdinaryJobMode(mode), mode);
  for (const mode of jobModes)
    t.equal(
      isOrdinaryJobMode(mode),
      ordinaryJobModes.some((ordinary) => ordinary === mode),
      mode,
    );
  for (const mode of ['isolate', 'ignore-dependencies', 'Replace', 'nonsense'])
    t.notOk(isOrdinaryJobMode(mode), mode);
});

t.test('what is no job mode', async (t) => {
  for (const mode of jobModes) t.ok(isJobMode(mode), mode);
  for (const word of ['', 'Replace', 'replace ', 'constructor']) t.notOk(isJobMode(word), word);
});

const help = spawnSync('systemctl', ['--job-mode=help'], { encoding: 'utf8' });
const listed = (help.stdout ?? '').split('\n').filter((line) => /^[a-z-]+$/.test(line));
const skip = listed.length > 0 ? false : 'systemctl does not list its job modes here';
t.test('every one that systemctl knows is known', { skip }, async (t) => {
  for (const mode of listed) t.ok(isJobMode(mode), mode);
});
