/** Recorded discharges, played through the decision: what it says and does, and when, as golden text. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { playScenario } from '../../../../src/core/power/scenario/scenario.ts';

const config = { ups: 'rack-a', budgetMs: 90_000 };
const folder = join(import.meta.dirname, 'scenarios');

// `node scenario.test.ts --update` writes them anew: read the difference before you commit it.
t.test('golden', async (t) => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  t.ok(names.length > 8, `${names.length} scenarios`);
  for (const name of names) {
    const played = `${playScenario(readFileSync(join(folder, name), 'utf8'), config).join('\n')}\n`;
    const file = join(import.meta.dirname, 'golden', name);
    if (process.argv.includes('--update')) writeFileSync(file, played);
    t.equal(played, readFileSync(file, 'utf8'), name);
  }
});

t.test('a run that begins is taken for granted; nothing else is', async (t) => {
  const lines = playScenario('0, OL\n10, OB LB\n30, OB LB', config);
  t.equal(lines.filter((line) => line.includes('trigger ups:rack-a:1')).length, 1);
  t.match(lines.at(-1), /0:30 {2}at the end: rack-a, on battery .*\(reversible\)$/);
});

t.test('a day without a look between is played', async (t) => {
  const lines = playScenario('0, OL, 600\n23:59:59, OL, 600', config);
  t.match(lines.at(-1), /^1439:\d\d {2}at the end: rack-a is on mains/);
});

t.test('what the manager would not believe is not believed, and that is said once', async (t) => {
  const lines = playScenario('0, OL, 65535, 100, 20\n10, OB, 65535, 90, 20\n600, OB, 65535, 80, 20', config);
  t.same(
    lines.filter((line) => line.includes('believed')),
    ['   0:00  battery.runtime "65535" is not believed: known nonsense'],
  );
  t.notMatch(lines.at(-1), /18 h|1092/);
  const zero = playScenario('0, OL, 0, 100, 20\n10, OB, 0, 100, 20\n60, OB, 0, 100, 20', config);
  t.notOk(zero.some((line) => line.includes('trigger ups:')));
});

t.test('a run that a person has aborted is not asked for again at once', async (t) => {
  const lines = playScenario('0, OL, 300\n10, OB, 120\n60, run aborted\n80, OB, 90\n90, OB, 90', config);
  t.equal(lines.filter((line) => line.includes('trigger ups:')).length, 1);
});
