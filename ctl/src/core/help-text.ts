/** `--help`, out of the definitions. */
import { type ExitName, exitCodes } from '@hecate/proto/core/exit-codes.ts';
import {
  type CommandDefinition,
  type CommandGroup,
  commandGroups,
  generalExits,
  type OptionDefinition,
  optionFlags,
  usageLine,
} from './command-definition.ts';

const widthMax = 96;

/** Lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Terms on the left, what they mean beside them. */
function pairs(entries: readonly (readonly [string, string])[], leftMax = 28): string[] {
  const left = Math.min(leftMax, Math.max(...entries.map(([term]) => term.length)));
  const indent = ' '.repeat(left + 4);
  return entries.flatMap(([term, meaning]) => {
    const [first = '', ...more] = wrap(meaning, widthMax - left - 4);
    const continued = more.map((line) => indent + line);
    if (term.length > left) return [`  ${term}`, indent + first, ...continued];
    return [`  ${term.padEnd(left)}  ${first}`, ...continued];
  });
}

export const describeOption = (option: OptionDefinition): string => {
  const notes = [
    option.choices ? `one of ${option.choices.join(', ')}` : '',
    option.isRepeatable ? 'may be repeated, or a comma list' : '',
  ].filter((note) => note !== '');
  return notes.length > 0 ? `${option.description} (${notes.join('; ')})` : option.description;
};

const optionPairs = (options: readonly OptionDefinition[]): string[] =>
  pairs(options.map((option) => [optionFlags(option), describeOption(option)] as const));

/** Every end of a command, the good one first. */
export function exitsOf(definition: CommandDefinition): ExitName[] {
  const names = new Set<ExitName>([...generalExits, ...definition.exits]);
  return [...names].sort((a, b) => exitCodes[a].severity - exitCodes[b].severity);
}

export function commandHelp(definition: CommandDefinition, globals: readonly OptionDefinition[]): string {
  const lines = [`Usage: ${usageLine(definition)}`, ''];
  for (const paragraph of definition.description) lines.push(...wrap(paragraph, widthMax), '');
  if (definition.arguments.length > 0) {
    lines.push('Arguments:');
    lines.push(
      ...pairs(definition.arguments.map(({ name, description }) => [name, description] as const)),
      '',
    );
  }
  if (definition.options.length > 0) lines.push('Options:', ...optionPairs(definition.options), '');
  lines.push('Options of every command:', ...optionPairs(globals), '');
  if (definition.examples.length > 0) {
    lines.push('Examples:');
    for (const { command, explanation } of definition.examples)
      lines.push(`  ${command}`, `      ${explanation}`);
    lines.push('');
  }
  const exits = exitsOf(definition).map(
    (name) => [String(exitCodes[name].code), exitCodes[name].meaning] as const,
  );
  lines.push('Exit status:', ...pairs(exits));
  return lines.join('\n');
}

export function programHelp(
  definitions: readonly CommandDefinition[],
  globals: readonly OptionDefinition[],
): string {
  const lines = [
    'Usage: hecatectl [OPTIONS] COMMAND [ARGUMENTS]',
    '',
    'Starts, stops and watches systemd units on many hosts. A NODE may be a name, several with commas',
    'between, or a pattern; --all in its place means every node. A unit without a suffix is a service.',
    '',
  ];
  for (const group of Object.keys(commandGroups) as CommandGroup[]) {
    const members = definitions.filter((definition) => definition.group === group);
    if (members.length === 0) continue;
    lines.push(`${commandGroups[group]}:`);
    lines.push(...pairs(members.map(({ name, summary }) => [name, summary] as const)), '');
  }
  lines.push('Options:', ...optionPairs(globals), '');
  lines.push('hecatectl COMMAND --help, or man hecatectl-COMMAND, says more.');
  return lines.join('\n');
}
