import { setImmediate as turn } from 'node:timers/promises';
import { reloadSignal } from '@hecate/proto/io/reload-signal.ts';
import t from 'tap';

/** As the kernel does it: a real signal, whose handler runs in a later turn. */
async function hangUp(): Promise<void> {
  const heard = new Promise((resolve) => process.once('SIGHUP', resolve));
  // A handler of a signal does not keep a process alive.
  const awake = setInterval(() => undefined, 1000);
  process.kill(process.pid, 'SIGHUP');
  await heard;
  clearInterval(awake);
}

t.test('a signal that comes too early is not lost, and does not end the process', async (t) => {
  const signal = reloadSignal();
  t.teardown(() => signal.close());
  await hangUp();
  await hangUp();
  let reloads = 0;
  signal.serve(async () => {
    reloads += 1;
  });
  await turn();
  t.equal(reloads, 1, 'two of them are one reload');
  await hangUp();
  await turn();
  t.equal(reloads, 2);
});

t.test('reloads never overlap; what comes during one makes one more', async (t) => {
  const signal = reloadSignal();
  t.teardown(() => signal.close());
  const gates: (() => void)[] = [];
  let running = 0;
  let most = 0;
  signal.serve(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => gates.push(resolve));
    running -= 1;
  });
  await hangUp();
  await hangUp();
  await hangUp();
  t.equal(gates.length, 1);
  gates[0]?.();
  await turn();
  t.equal(gates.length, 2);
  gates[1]?.();
  await turn();
  t.equal(gates.length, 2, 'and no third');
  t.equal(most, 1);
});
