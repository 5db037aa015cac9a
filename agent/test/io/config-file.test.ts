import { join } from 'node:path';
import t from 'tap';
import { defaultConfig } from '../../src/core/agent-config.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { readAgentConfig, readPolicy } from '../../src/io/config-file.ts';

t.test('files that are there, and files that need not be', async (t) => {
  const folder = t.testdir({
    'agent.conf': '[Agent]\nBus=user\n',
    'p.conf': '[Policy]\nExec=yes\n',
    folder: {},
  });
  const path = (name: string): string => join(folder, name);
  t.equal((await readAgentConfig(path('agent.conf'), true, defaultConfig)).bus, 'user');
  t.same(await readAgentConfig(path('none.conf'), false, defaultConfig), defaultConfig);
  await t.rejects(readAgentConfig(path('none.conf'), true, defaultConfig), {
    code: 'HEC_CONFIG',
    message: /no such file/,
  });
  await t.rejects(readAgentConfig(path('folder'), false, defaultConfig), {
    code: 'HEC_CONFIG',
    message: /cannot be read/,
  });
  t.match(await readPolicy(path('p.conf')), { exec: true, source: path('p.conf') });
  t.same(await readPolicy(path('none.conf')), defaultPolicy);
});
