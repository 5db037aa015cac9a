/** What a fleet has on the host goes with it, also when its janitor was killed before. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { skipUnless } from './fleet-for-test.ts';
import { openFleetScope } from './fleet-scope.ts';
import { childPids } from './processes.ts';
import { until } from './until.ts';

const skip = await skipUnless('user');

const isJanitor = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join('test/nodes', 'janitor.sh'));

t.test('a janitor that was killed is replaced', { skip }, async (t) => {
  const scope = openFleetScope();
  t.ok(existsSync(scope.stateFolder));
  const janitor = await until(() => childPids(process.pid).find(isJanitor), { what: 'there is a janitor' });
  process.kill(janitor, 'SIGKILL');
  await until(() => !childPids(process.pid).includes(janitor), { what: 'it is gone' });
  await scope.close();
  t.notOk(existsSync(scope.stateFolder));
  t.notOk(scope.controlGroup !== undefined && existsSync(scope.controlGroup));
});
