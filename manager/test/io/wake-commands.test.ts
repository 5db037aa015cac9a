/** Commands that switch hosts on: real ones, as often as a BMC bears it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { WakeCommands } from '../../src/io/wake-commands.ts';

const node = (name: string): NodeName => name as NodeName;
const target = (name: string, command: readonly string[]) => ({
  node: node(name),
  wakeAddress: '255.255.255.255',
  command,
});

t.test('it runs with the name of its node, once, and again when half a minute is over', async (t) => {
  const folder = t.testdir({ bmc: '#!/bin/sh\necho "$HECATE_NODE $1" >> "$0.log"\necho power is on\n' });
  const bmc = join(folder, 'bmc');
  chmodSync(bmc, 0o755);
  writeFileSync(`${bmc}.log`, '');
  const ran = (): string[] => readFileSync(`${bmc}.log`, 'utf8').trim().split('\n').sort();
  let nowMs = 1000;
  const told: string[] = [];
  const commands = new WakeCommands({
    nowMs: () => nowMs,
    tell: (name, sentence) => told.push(`${name}: ${sentence}`),
  });
  const targets = [target('a', [bmc, 'on']), target('b', [bmc, 'on'])];
  const first = commands.wake(targets);
  await commands.wake(targets); // while the first still runs
  await first;
  t.same(ran(), ['a on', 'b on']);
  t.match(told.sort()[0], /^a: .*bmc: power is on$/);
  nowMs += 29_000;
  await commands.wake(targets);
  t.equal(ran().length, 2);
  nowMs += 2000;
  await commands.wake([target('a', [bmc, 'on'])]);
  t.same(ran(), ['a on', 'a on', 'b on']);
});

t.test('one that fails or is not there is told, and tried again', async (t) => {
  let nowMs = 0;
  const told: string[] = [];
  const commands = new WakeCommands({ nowMs: () => nowMs, tell: (_, sentence) => told.push(sentence) });
  for (const command of [['/bin/false'], ['/no/such/program']]) {
    await commands.wake([target('a', command)]);
    nowMs += 31_000;
  }
  t.match(told, [
    'it could not be switched on: /bin/false ended with 1',
    /it could not be switched on: .no.such.program could not be run/,
  ]);
});

t.test('a host without a command is none of its', async (t) => {
  const commands = new WakeCommands({ nowMs: () => 0, tell: (_, sentence) => t.fail(sentence) });
  await commands.wake([{ node: node('a'), macAddress: '52:54:00:00:00:01', wakeAddress: '127.0.0.1' }]);
});
