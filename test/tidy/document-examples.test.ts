/** What documents show to be typed, or to be written into hecate.yaml, is what the programs take. */
import t from 'tap';
import { parseWithCommander } from '../../ctl/src/commander-line.ts';
import { commandNames, loadCommand } from '../../ctl/src/commands/index.ts';
import { findCommand } from '../../ctl/src/core/command-line.ts';
import { earlyOptions, globalOptions } from '../../ctl/src/global-options.ts';
import { parseConfig } from '../../manager/src/config/load-config.ts';
import { planFindings } from '../../manager/src/config/plan-findings.ts';
import { documents, read } from './sources.ts';

const names: ReadonlySet<string> = new Set(commandNames);

/** Lines of consoles, and what stands in backticks; without comments, prompts and `npx`. */
function commandLines(text: string): string[] {
  const consoles = [...text.matchAll(/```(?:console|sh)\n([\s\S]*?)```/g)].flatMap(
    (match) => match[1]?.split('\n') ?? [],
  );
  const inline = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  return [...consoles, ...inline]
    .map((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/^npx /, '')
        .replace(/\s#.*$/, '')
        .trim(),
    )
    .filter((line) => line.startsWith('hecatectl '))
    .map((line) => line.replace(/\s*\|.*$/, ''));
}

/** As a shell cuts them, without escapes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

t.test('commands and options are there', async (t) => {
  let count = 0;
  for (const file of documents) {
    for (const line of commandLines(read(file))) {
      const { name, rest } = findCommand(wordsOf(line).slice(1), earlyOptions, names);
      count += 1;
      if (!names.has(name)) {
        t.ok(name === '' || [...names].some((other) => other.startsWith(`${name} `)), `${file}: ${line}`);
        continue;
      }
      const { definition } = await loadCommand(name);
      const options = [...definition.options, ...globalOptions];
      t.doesNotThrow(() => parseWithCommander(definition, options, rest), `${file}: ${line}`);
    }
  }
  t.ok(count > 20, `${count} command lines`);
});

t.test('pieces of configuration are valid, and so are their plans', async (t) => {
  const blocks = documents
    .filter((file) => file !== 'docs/config.md')
    .flatMap((file) =>
      [...read(file).matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => ({ file, text: match[1] ?? '' })),
    );
  t.ok(blocks.length >= 2, `${blocks.length} blocks`);
  for (const { file, text } of blocks) {
    const parsed = parseConfig(text, 'host');
    t.strictSame('findings' in parsed ? parsed.findings : [], [], `${file}: ${text.split('\n')[0]}`);
    if ('config' in parsed) t.strictSame(planFindings(parsed.config), [], `${file}: its plans`);
  }
});

t.test("the example of docs/runs.md is the one of the packages' example", async (t) => {
  const example = read('packaging/examples/hecate.yaml');
  const [, inventory = ''] = /```yaml\ninventory:\n([\s\S]*?)```/.exec(read('docs/runs.md')) ?? [];
  const nodes = inventory.split(/^(?= {2}- name:)/m).filter(Boolean);
  t.equal(nodes.length, 4);
  const bare = example.replace(/ +#.*$/gm, '');
  for (const node of nodes) t.ok(bare.includes(node), node);
});
