/** What the manual quotes is what the programs say, and the files that it sends people to are there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorTable } from '@hecate/proto/core/errors.ts';
import { managerPort, metricsPort } from '@hecate/proto/core/limits.ts';
import t from 'tap';
import { files, read, root } from './sources.ts';

const manual = read('docs/operations.md');
const sources = files('.ts')
  .filter((file) => /^[a-z]+\/src\//.test(file))
  .map(read)
  .join('\n');

const [, table = ''] = manual.split('\n## What to do when\n');
const rows = table
  .split('\n')
  .filter((line) => /^\| (?!what it says|---)/.test(line) && !line.startsWith('|---'));

t.test('every symptom has something to do, and every code and text is the real one', async (t) => {
  t.ok(rows.length > 25, `${rows.length} rows`);
  for (const row of rows) {
    const [symptom = '', , remedy = ''] = row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
    t.ok(remedy.length > 10, `${symptom}: ${remedy}`);
    for (const [, quoted = ''] of symptom.matchAll(/`([^`]+)`/g)) {
      if (/^HEC_/.test(quoted)) t.ok(Object.hasOwn(errorTable, quoted), quoted);
      else if (!quoted.startsWith('hecatectl ')) t.ok(sources.includes(quoted), `nobody says: ${quoted}`);
    }
  }
});

t.test('files, units and ports are there', async (t) => {
  for (const [, name = ''] of manual.matchAll(
    /\b(hecate-(?:manager|agent|bootstrap|update|update-resume)\.(?:service|timer))\b/g,
  ))
    t.ok(existsSync(join(root, 'systemd', name)), name);
  for (const path of [
    'packaging/install.sh',
    'packaging/firewalld/hecate.xml',
    'packaging/man/hecate-update.8',
  ])
    t.ok(existsSync(join(root, path)), path);
  t.ok(manual.includes(`TCP ${managerPort} (\`listen\`)`));
  t.ok(manual.includes(`TCP ${metricsPort} (\`metrics.listen\`)`));
  t.match(read('packaging/firewalld/hecate.xml'), `port="${managerPort}"`);
  for (const knob of ['HECATE_ROLE', '--packages', '--dry-run'])
    t.ok(read('packaging/install.sh').includes(knob), knob);
});

t.test('what the backup holds is what the manual lists', async (t) => {
  const made = read('manager/src/backup/read-state.ts');
  const parts: Readonly<Record<string, string>> = {
    'epoch.json': '| epoch |',
    'intent.json': 'the intent of a shutdown',
    'runs.json': 'runs that were over',
    'last-hosts.json': 'where nodes were last seen',
    'journal/operations.records': '| operations |',
    'journal/runs.records': 'runs that were going on',
    'authority/key.pem': '| authority,',
    'authority/certificate.pem': '| authority,',
    'authority/ledger.json': 'revocations',
  };
  const [, listed = ''] = /statePaths = \{([^}]*)\}/.exec(made) ?? [];
  const held = [...listed.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '');
  t.same(held.toSorted(), Object.keys(parts).sort());
  for (const [path, text] of Object.entries(parts)) t.ok(manual.includes(text), `${path}: ${text}`);
});

t.test('every state of a UPS is told in docs/power.md', async (t) => {
  const [, union = ''] =
    /type UpsPhase =([^;]*);/.exec(read('manager/src/core/power/ups/ups-state.ts')) ?? [];
  const phases = [...union.matchAll(/'([a-z-]+)'/g)].map((match) => match[1] ?? '');
  const [, table = ''] =
    /\n\| STATE of a UPS \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)/.exec(read('docs/power.md')) ?? [];
  const told = table
    .split('\n')
    .flatMap((row) =>
      [...(row.split(' | ')[0] ?? '').matchAll(/`([a-z-]+)`/g)].map((match) => match[1] ?? ''),
    );
  t.ok(phases.length > 5, `${phases.length} states`);
  t.same(told.toSorted(), phases.toSorted());
});
