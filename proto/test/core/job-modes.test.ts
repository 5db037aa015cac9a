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
