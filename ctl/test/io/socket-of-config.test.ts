import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { socketOfConfig } from '../../src/io/socket-of-config.ts';

t.test('the socket that allows the most, of those that are there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-config-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'hecate.yaml');
  const of = (text: string): Promise<string> => {
    writeFileSync(file, text);
    return socketOfConfig(file);
  };
  const socket = (role: string) => `  - { path: ${join(folder, role)}, role: ${role}, mode: "0600" }\n`;
  const all = `sockets:\n${['viewer', 'operator', 'admin'].map(socket).join('')}`;
  t.equal(await of(all), join(folder, 'admin'), 'none is there: the best one says why');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 'operator'), resolve));
  t.teardown(() => server.close());
  t.equal(await of(all), join(folder, 'operator'));
  t.equal(await of(''), '/run/hecate/manager.sock', 'an empty file takes every default');
  t.equal(await of('site: home\n'), '/run/hecate/manager.sock');
  for (const [text, message] of [
    ['sockets: []', /declares no socket/],
    ['sockets: 7', /expected a list/],
    ['sockets: [{ path: 7, role: admin }]', /expected a list/],
    ['- 7', /not a map/],
    ['7', /not a map/],
    ['a: [', /hecate\.yaml: /],
  ] as const)
    await t.rejects(of(text), { code: 'HEC_CONFIG', message }, text);
  await t.rejects(socketOfConfig('/nonexistent'), { code: 'HEC_CONFIG', message: /cannot be read/ });
});
