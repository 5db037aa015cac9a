import { join } from 'node:path';
import t from 'tap';
import { defaultConfig } from '../../src/core/agent-config.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { isPolicyExpected, readAgentConfig, readPolicy } from '../../src/io/config-file.ts';

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
  t.match(await readPolicy(path('p.conf'), true), { exec: true, source: path('p.conf') });
  t.same(await readPolicy(path('none.conf'), false), defaultPolicy);
  await t.rejects(readPolicy(path('none.conf'), true), {
    code: 'HEC_CONFIG',
    message: /none\.conf: there is no such file/,
  });
  await t.rejects(readPolicy(path('folder'), false), { code: 'HEC_CONFIG', message: /cannot be read/ });
});

t.test('a policy that was read once does not go with its file', async (t) => {
  const folder = t.testdir({ 'p.conf': '[Policy]\nDeny=* ssh.service\n' });
  const named = { policyFile: join(folder, 'p.conf'), isPolicyFileNamed: true };
  const usual = { ...named, isPolicyFileNamed: false };
  const policy = await readPolicy(named.policyFile, isPolicyExpected(usual));
  t.notOk(isPolicyExpected(usual), 'at the start none need be at the usual place');
  t.ok(isPolicyExpected(named), 'but where one was named');
  t.ok(isPolicyExpected(usual, policy));
  t.notOk(isPolicyExpected(usual, defaultPolicy));
});
