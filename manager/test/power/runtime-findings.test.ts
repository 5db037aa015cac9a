import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import { type FullRuntime, runtimeFindings } from '../../src/power/runtime-findings.ts';
import { sitePlan } from '../../src/runs/site-plans.ts';

function findingsOf(more: Partial<FullRuntime>): string[] {
  const parsed = parseConfig(JSON.stringify({ inventory: [{ name: 'web' }] }), 'test');
  if ('findings' in parsed) throw new Error(JSON.stringify(parsed.findings));
  const compiled = sitePlan(parsed.config, 'shutdown', 'poweroff');
  const known = { fullRuntimeMs: 3_600_000, fullUnderLoadMs: 3_600_000, neededMs: 600_000 };
  return runtimeFindings(compiled, [{ ups: 'rack-a', ...known, ...more }]).map(({ message }) => message);
}

t.test('what a UPS supplies at full charge', async (t) => {
  t.same(findingsOf({}), []);
  t.match(findingsOf({ fullRuntimeMs: 1000 }), [
    /^it takes at most .*, and rack-a supplies 1 s at full charge/,
  ]);
  t.match(findingsOf({ fullUnderLoadMs: 599_000 }), [
    /started with 10 min of runtime, and rack-a supplies 9 min 59 s/,
  ]);
  t.same(findingsOf({ fullRuntimeMs: undefined, fullUnderLoadMs: undefined }), [], 'not known');
});
