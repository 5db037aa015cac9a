/** Core folders are pure: no I/O, no clock, no randomness. Time and chance come in as inputs. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { codeOf, files, isGenerated, isTest, packageNames, root, specifiersOf } from './sources.ts';

const isCore = (file: string): boolean => /^[a-z]+\/src\/core\//.test(file);
const sources = files('.ts').filter((file) => !isGenerated(file));
const core = sources.filter(isCore);

const banned: readonly [string, RegExp][] = [
  ['Date.now()', /\bDate\.now\b/],
  ['new Date() without a time', /\bnew Date\(\)/],
  ['Math.random()', /\bMath\.random\b/],
  ['performance', /\bperformance\./],
  ['a timer', /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
  ['process', /\bprocess\./],
  ['console', /\bconsole\./],
  ['fetch', /\bfetch\(/],
  ['global crypto', /\bcrypto\./],
];

t.ok(core.length > 30, `${core.length} files`);

t.test('no clock, chance, or I/O', async (t) => {
  for (const file of core) {
    const code = codeOf(file);
    const found = banned.filter(([, pattern]) => pattern.test(code)).map(([name]) => name);
    t.same(found, [], file);
  }
});

t.test('no import of Node, of a package, or of what is not pure', async (t) => {
  // Reader and Writer of protobufjs/minimal.js touch nothing but bytes.
  const pure = /^(\.\.?\/|@hecate\/proto\/(core|generated)\/|protobufjs\/minimal\.js$)/;
  for (const file of core) {
    const impure = specifiersOf(file).filter(
      (specifier) => !pure.test(specifier) || /(^|\/)io\//.test(specifier),
    );
    t.same(impure, [], file);
  }
});

const typesOnly = new Set([
  'proto/src/core/frames.ts',
  'proto/src/core/backup-report.ts',
  'agent/src/core/systemd-port.ts',
  'manager/src/core/plan/gate.ts',
  'manager/src/core/plan/inventory.ts',
  'manager/src/core/plan/plan.ts',
  'manager/src/core/plan/sequence.ts',
  'manager/src/core/runs/run.ts',
  'manager/src/core/runs/run-record.ts',
  'manager/src/core/runs/runs-state.ts',
  'manager/src/core/power/ups/ups-sample.ts',
]);

/** Parts of a machine that are tested through the whole of it, by this test. */
const testedThrough: Readonly<Record<string, string>> = {
  'proto/src/core/session-state.ts': 'proto/test/core/session.test.ts',
  'agent/src/core/operation-limits.ts': 'agent/test/core/operations.test.ts',
  'agent/src/core/operation-progress.ts': 'agent/test/core/operations.test.ts',
  'agent/src/core/operation-refusal.ts': 'agent/test/core/operations.test.ts',
  'agent/src/core/operations-state.ts': 'agent/test/core/operations.test.ts',
  'manager/src/core/operations-ending.ts': 'manager/test/core/operations.test.ts',
  'manager/src/core/operations-state.ts': 'manager/test/core/operations.test.ts',
  'manager/src/core/plan/compilation.ts': 'manager/test/core/plan/expand-condition.test.ts',
  'manager/src/core/plan/default-parts.ts': 'manager/test/core/plan/default-startup.test.ts',
  'manager/src/core/plan/expand-action.ts': 'manager/test/core/plan/compile-plan.test.ts',
  'manager/src/core/plan/expand-step.ts': 'manager/test/core/plan/compile-plan.test.ts',
  'manager/src/core/plan/step-times.ts': 'manager/test/core/plan/compile-plan.test.ts',
  'manager/src/core/plan/step-words.ts': 'manager/test/core/plan/compile-plan.test.ts',
  'manager/src/core/runs/intent.ts': 'manager/test/core/runs/run-requests.test.ts',
  'manager/src/core/runs/method-limit.ts': 'manager/test/core/runs/run-progress.test.ts',
  'manager/src/core/runs/operations-of-method.ts': 'manager/test/core/runs/runs.test.ts',
  'manager/src/core/runs/past-run.ts': 'manager/test/core/runs/run-report.test.ts',
  'manager/src/core/runs/plan-walk.ts': 'manager/test/core/runs/runs.test.ts',
  'manager/src/core/runs/run-draft.ts': 'manager/test/core/runs/fold-records.test.ts',
  'manager/src/core/runs/runs-step.ts': 'manager/test/core/runs/fold-records.test.ts',
};

const testOf = (file: string): string => file.replace('/src/', '/test/').replace(/\.ts$/, '.test.ts');

t.test('every core file has its unit test', async (t) => {
  for (const file of core) {
    if (typesOnly.has(file)) continue;
    const test = testedThrough[file] ?? testOf(file);
    t.ok(existsSync(join(root, test)), `${file}: ${test} is missing`);
  }
  for (const file of [...typesOnly, ...Object.keys(testedThrough)]) {
    t.ok(core.includes(file), `${file} is there`);
    t.notOk(existsSync(join(root, testOf(file))), `${file} has a test: it is no exception any more`);
  }
});

t.test('every unit test has its source file', async (t) => {
  const sourcesToo = new Set(sources);
  for (const test of sources.filter(isTest)) {
    const match = /^([a-z]+)\/test\/(core|io)\/(.+)\.test\.ts$/.exec(test);
    if (!match || !packageNames.some((name) => name === match[1])) continue;
    const [, name, folder, stem = ''] = match;
    // record-file-crash.test.ts is a further test of record-file.ts.
    const stems = stem.split('-').map((_, index, words) => words.slice(0, index + 1).join('-'));
    // A fake is held against the real thing in the test of the real thing's place.
    const places = [`${name}/src/${folder}`, 'test/support'];
    const isThere = stems.some((stem) => places.some((place) => sourcesToo.has(`${place}/${stem}.ts`)));
    t.ok(isThere, test);
  }
});
