import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { lockStateDirectory } from '../../src/io/state-lock.ts';

t.test('one agent for each directory', async (t) => {
  const folder = t.testdir({ a: {}, b: {} });
  const lock = await lockStateDirectory(`${folder}/a`);
  await t.rejects(lockStateDirectory(`${folder}/a`), { code: 'HEC_LOCKED', message: /another agent/ });
  (await lockStateDirectory(`${folder}/b`)).release();
  lock.release();
  await until(() => lockStateDirectory(`${folder}/a`), { what: 'it is free' }).then((again) =>
    again.release(),
  );
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
  (await lockStateDirectory(`${folder}/a`)).release();
});
