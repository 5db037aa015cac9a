import { join } from 'node:path';
import t from 'tap';
import { ownUnitName } from '../../src/io/own-unit.ts';

const cases: [string, string][] = [
  ['0::/system.slice/hecate-agent.service\n', 'hecate-agent.service'],
  ['0::/system.slice/my-agent.service\n', 'my-agent.service'],
  ['12:cpu:/x.service\n0::/system.slice/hecate-agent.service/init\n', 'hecate-agent.service'],
  ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/agent.service\n', 'agent.service'],
  ['0::/user.slice/user-1000.slice/user@1000.service/session.scope\n', 'hecate-agent.service'],
  ['0::/\n', 'hecate-agent.service'],
  ['', 'hecate-agent.service'],
];

t.test('the unit out of the control group', async (t) => {
  for (const [text, expected] of cases) {
    const folder = t.testdir({ cgroup: text });
    t.equal(await ownUnitName(join(folder, 'cgroup')), expected, JSON.stringify(text));
  }
  t.equal(await ownUnitName('/nonexistent'), 'hecate-agent.service');
});
