/** Every scenario gives what its file says. Written anew by `npm run sim -- --update-scenarios`; then read the difference. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { playScenario } from '../sim/runs-scenario.ts';

const folder = import.meta.dirname;
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

t.ok(names.length >= 6);
for (const name of names.sort()) {
  t.test(name, async (t) => {
    const text = readFileSync(join(folder, name), 'utf8');
    t.equal(await playScenario(text), text);
  });
}

t.test('a line that is no script is told', async (t) => {
  await t.rejects(playScenario('node a other\nexplode a\n---\n'), /no such line in a scenario: explode a/);
  await t.rejects(playScenario('node a king\n---\n'), /no role king/);
});
