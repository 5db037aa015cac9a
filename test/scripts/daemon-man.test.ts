/** The manual pages of the two services: there for those whom their units send to them, whole, and well-formed. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parsePolicy, policySummary } from '../../agent/src/core/policy.ts';
import { policyVerbs } from '../../agent/src/core/verbs.ts';
import { jobModes } from '../../proto/src/core/job-modes.ts';
import { softwareVersion } from '../../proto/src/core/version.ts';
import { managerPage } from '../../scripts/generate/manager-man.ts';

const root = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = ['packaging/man/hecate-agent.8', 'packaging/man/hecate-manager.8'];
/** Without roff: as it reads. */
const plain = (text: string): string => text.replaceAll('\\-', '-').replace(/\\f[BIR]/g, '');

t.test('every page that a unit names is there', async (t) => {
  for (const unit of readdirSync(join(root, 'systemd')).filter((file) => file.endsWith('.service'))) {
    const [, name, section] = /^Documentation=man:(\S+)\((\d)\)$/m.exec(read(`systemd/${unit}`)) ?? [];
    t.ok(existsSync(join(root, `packaging/man/${name}.${section}`)), `${unit}: ${name}(${section})`);
  }
});

t.test('they are of this version, and the generated one is current', async (t) => {
  for (const page of pages) t.match(plain(read(page)), `"hecate ${softwareVersion}"`, page);
  t.ok(read('packaging/man/hecate-manager.8') === managerPage(), 'else: npm run generate');
});

const hasGroff = spawnSync('groff', ['--version']).error === undefined;
t.test('they render without a warning', { skip: hasGroff ? false : 'groff is not installed' }, async (t) => {
  for (const page of pages) {
    const { stderr } = await execute('groff', ['-ww', '-man', '-Tutf8', '-P-c', join(root, page)], {
      maxBuffer: 1 << 24,
    });
    t.equal(stderr, '', page);
  }
});

t.test('every option and command of the programs is told of', async (t) => {
  for (const program of ['agent', 'manager']) {
    const { stdout: help } = await execute(process.execPath, [join(root, program, 'src/main.ts'), '--help']);
    const page = plain(read(`packaging/man/hecate-${program}.8`));
    const words = help.match(/--[a-z-]+|(?<=^ {2}hecate-agent )[a-z]+/gm) ?? [];
    t.ok(words.length >= 3, `${program}: the help was read`);
    for (const word of words) t.ok(page.includes(word), `${program}: ${word}`);
  }
});

t.test('every key and word of the agent’s two files is told of', async (t) => {
  const page = plain(read('packaging/man/hecate-agent.8'));
  const config = /const keys = \[([^\]]*)\]/.exec(read('agent/src/core/agent-config.ts'))?.[1] ?? '';
  const policy = /Policy: \[([^\]]*)\]/.exec(read('agent/src/core/policy.ts'))?.[1] ?? '';
  const keys = [...`${config} ${policy}`.matchAll(/'(\w+)'/g)].map(([, key]) => `${key}=`);
  t.ok(keys.length >= 14, 'the keys were read');
  for (const word of [...keys, ...policyVerbs, ...jobModes]) t.ok(page.includes(word), word);
});

t.test('its examples are policies', async (t) => {
  const examples = [...plain(read('packaging/man/hecate-agent.8')).matchAll(/^\.nf\n([\s\S]*?)\n\.fi$/gm)];
  t.equal(examples.length, 2);
  for (const [, text = ''] of examples) t.ok(policySummary(parsePolicy(text, 'the page')).length > 4);
});
