/** The manual pages of hecatectl: one of the program, one of every command, out of the command definitions. */

import { commandNames, loadCommand, loadDefinitions } from '../../ctl/src/commands/index.ts';
import {
  type CommandDefinition,
  type CommandGroup,
  commandGroups,
  type OptionDefinition,
} from '../../ctl/src/core/command-definition.ts';
import { describeOption, exitsOf } from '../../ctl/src/core/help-text.ts';
import { globalOptions } from '../../ctl/src/global-options.ts';
import { type ExitName, exitCodes } from '../../proto/src/core/exit-codes.ts';
import { softwareVersion } from '../../proto/src/core/version.ts';

/** Text for roff: backslashes, hyphens that are to be copied, and signs at the beginning of a line. */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('→', '\\(->')
    .replace(/^([.'])/gm, '\\&$1');

const pageName = (name: string): string => `hecatectl-${name.replaceAll(' ', '-')}`;
const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

const head = (name: string): string =>
  `.\\" Generated from the command definitions of hecatectl: npm run generate.
.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" "hecate ${softwareVersion}" "Hecate"`;

const section = (title: string, body: readonly string[]): string[] =>
  body.length === 0 ? [] : [`.SH "${title}"`, ...body];

const term = (title: string, text: string): string[] => ['.TP', title, roff(text)];

function flags(option: OptionDefinition): string {
  const value = option.valueName ? ` ${italic(option.valueName)}` : '';
  const long = `${bold(`--${option.long}`)}${value}`;
  return option.short ? `${bold(`-${option.short}`)}, ${long}` : long;
}

const optionTerms = (options: readonly OptionDefinition[]): string[] =>
  options.flatMap((option) => term(flags(option), `${describeOption(option)}.`));

function synopsis({ name, arguments: args }: CommandDefinition): string[] {
  const words = args.map((argument) => {
    const shown = `${italic(argument.name)}${argument.isVariadic ? '...' : ''}`;
    return argument.isRequired ? shown : `[${shown}]`;
  });
  return [[bold(`hecatectl ${name}`), `[${italic('OPTIONS')}]`, ...words].join(' ')];
}

const paragraphs = (texts: readonly string[]): string[] =>
  texts.flatMap((text, index) => (index === 0 ? [roff(text)] : ['.PP', roff(text)]));

const exitTerms = (names: readonly ExitName[]): string[] =>
  names.flatMap((name) => term(bold(String(exitCodes[name].code)), `${exitCodes[name].meaning}.`));

function examples(definition: CommandDefinition): string[] {
  return definition.examples.flatMap(({ command, explanation }) => [
    '.PP',
    '.nf',
    `    ${bold(command)}`,
    '.fi',
    '.RS 4',
    `${roff(explanation[0]?.toUpperCase() ?? '')}${roff(explanation.slice(1))}.`,
    '.RE',
  ]);
}

const seeAlso = (names: readonly string[]): string[] => [
  names.map((name) => `.BR ${name.replaceAll('-', '\\-')} (1)`).join(' ,\n'),
];

function output(definition: CommandDefinition): string[] {
  if (!definition.schema) return [];
  const how = definition.isStream
    ? 'With \\fB\\-o json\\fR, as with \\fB\\-o jsonl\\fR, every event is one object on one line.'
    : 'With \\fB\\-o json\\fR the answer is one document; with \\fB\\-o jsonl\\fR one object per line.';
  return [
    `${how} The fields are those of the JSON schema ${italic(`${definition.schema}.json`)}; fields may be added, none is removed or changes its meaning.`,
  ];
}

export async function commandPage(name: string): Promise<string> {
  const { definition } = await loadCommand(name);
  const lines = [
    head(pageName(name)),
    ...section('NAME', [`${pageName(name).replaceAll('-', '\\-')} \\- ${roff(definition.summary)}`]),
    ...section('SYNOPSIS', synopsis(definition)),
    ...section('DESCRIPTION', paragraphs(definition.description)),
    ...section(
      'ARGUMENTS',
      definition.arguments.flatMap(({ name: argument, description }) =>
        term(italic(argument), `${description}.`),
      ),
    ),
    ...section('OPTIONS', optionTerms(definition.options)),
    ...section('OPTIONS OF EVERY COMMAND', optionTerms(globalOptions)),
    ...section('OUTPUT', output(definition)),
    ...section('EXIT STATUS', exitTerms(exitsOf(definition))),
    ...section('EXAMPLES', examples(definition)),
    ...section('SEE ALSO', seeAlso(['hecatectl'])),
  ];
  return `${lines.join('\n')}\n`;
}

function commandList(definitions: readonly CommandDefinition[]): string[] {
  return (Object.keys(commandGroups) as CommandGroup[]).flatMap((group) => {
    const members = definitions.filter((definition) => definition.group === group);
    return [
      `.SS "${commandGroups[group]}"`,
      ...members.flatMap(({ name, summary }) => term(bold(name), `${summary}.`)),
    ];
  });
}

const environment = [
  ['HECATE_SOCKET', "the manager's Unix socket, when --socket does not name it"],
  ['HECATE_MANAGER', 'the manager on another host, when neither --manager nor --socket is given'],
  ['HECATE_IDENTITY', 'where the identity is stored, when --identity does not name it'],
  ['NO_COLOR', 'when set, no colour; without it, colour only on a terminal'],
  ['XDG_CACHE_HOME, XDG_CONFIG_HOME', 'where compiled code is kept for a quicker start, and the identity'],
] as const;

export async function programPage(): Promise<string> {
  const definitions = await loadDefinitions();
  const lines = [
    head('hecatectl'),
    ...section('NAME', ['hecatectl, hecate \\- start, stop and watch systemd units on many hosts']),
    ...section('SYNOPSIS', [
      `${bold('hecatectl')} [${italic('OPTIONS')}] ${italic('COMMAND')} [${italic('ARGUMENTS')}]`,
    ]),
    ...section(
      'DESCRIPTION',
      paragraphs([
        'hecatectl asks the manager of a site, which has a session with the agent of every host, to operate on units or to tell of them. On the host of the manager it uses its Unix socket; elsewhere, --manager and an identity from hecatectl join.',
        'A NODE is a name, several names with commas between, or a pattern (*, ?, [a-z]); --all in its place means every node. A UNIT likewise; a name without a suffix means .service, and a pattern matches the loaded units.',
        'Every operation has one definite outcome. What is not heard is unknown, never taken for stopped. Data goes to stdout, progress and errors to stderr; every error ends in the next step to take.',
      ]),
    ),
    ...section('COMMANDS', commandList(definitions)),
    ...section('OPTIONS', optionTerms(globalOptions)),
    ...section('EXIT STATUS', [
      'When several nodes answer, the worst counts, in this order from good to bad.',
      ...exitTerms(
        (Object.keys(exitCodes) as ExitName[]).sort((a, b) => exitCodes[a].severity - exitCodes[b].severity),
      ),
    ]),
    ...section(
      'ENVIRONMENT',
      environment.flatMap(([name, text]) => term(bold(name), `${text}.`)),
    ),
    ...section('FILES', term(italic('/run/hecate/manager.sock'), 'the socket of the manager on this host.')),
    ...section('SEE ALSO', seeAlso(commandNames.map(pageName))),
  ];
  return `${lines.join('\n')}\n`;
}

/** File → its text, for scripts/generate.ts. */
export const manPages: Record<string, () => Promise<string>> = {
  'packaging/man/hecatectl.1': programPage,
  ...Object.fromEntries(
    commandNames.map((name) => [`packaging/man/${pageName(name)}.1`, () => commandPage(name)] as const),
  ),
};
