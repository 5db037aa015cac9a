import { type ExitName, exitCodes, worseExit } from '@hecate/proto/core/exit-codes.ts';
import t from 'tap';

const names = Object.keys(exitCodes) as ExitName[];

t.test('codes and severities are all different', async (t) => {
  t.equal(new Set(names.map((name) => exitCodes[name].code)).size, names.length);
  t.equal(new Set(names.map((name) => exitCodes[name].severity)).size, names.length);
});

t.test('codes are what a shell can see, and none that it uses itself', async (t) => {
  for (const name of names) {
    const { code } = exitCodes[name];
    t.ok(Number.isInteger(code) && code >= 0 && code <= 255, name);
    t.notOk([126, 127].includes(code), `${name}: not "cannot execute", not "not found"`);
  }
  t.equal(exitCodes.success.code, 0);
});

t.test('the worse of two, in whatever order', async (t) => {
  for (const a of names) {
    t.equal(worseExit(a, a), a);
    t.equal(worseExit('success', a), a, 'everything is worse than success');
    for (const b of names) t.equal(worseExit(a, b), worseExit(b, a));
  }
  t.equal(worseExit('offline', 'failed'), 'failed');
});
