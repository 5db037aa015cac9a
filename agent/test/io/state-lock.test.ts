import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import t from 'tap';
import { lockStateDirectory } from '../../src/io/state-lock.ts';

t.test('one agent for each directory', async (t) => {
  const folder = t.testdir({ a: {}, b: {} });
  const lock = await lockStateDirectory(`${folder}/a`);
  await t.rejects(lockStateDirectory(`${folder}/a`), {
    code: 'HEC_LOCKED',
    message: new RegExp(`the agent with pid ${process.pid}`),
  });
  await (await lockStateDirectory(`${folder}/b`)).release();
  await lock.release();
  await (await lockStateDirectory(`${folder}/a`)).release();
});

t.test('a holder that is killed leaves nothing behind', async (t) => {
  const folder = t.testdir({ a: {} });
  const module = new URL('../../src/io/state-lock.ts', import.meta.url).href;
  const script = `await (await import(${JSON.stringify(module)})).lockStateDirectory(${JSON.stringify(`${folder}/a`)});
    console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  await t.rejects(lockStateDirectory(`${folder}/a`), { code: 'HEC_LOCKED' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await (await lockStateDirectory(`${folder}/a`)).release();
});

t.test('a stranger cannot take it: a socket of some name is nothing to it', async (t) => {
  const folder = t.testdir({ a: {} });
  const { dev, ino } = await stat(`${folder}/a`, { bigint: true });
  const squatter = createServer().listen(`\0hecate-agent:${dev}:${ino}`);
  await once(squatter, 'listening');
  t.teardown(() => squatter.close());
  await (await lockStateDirectory(`${folder}/a`)).release();
});
