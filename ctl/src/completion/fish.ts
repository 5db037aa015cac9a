/** Completion for fish: one line per option and argument, each with its condition. */
import type { CommandDefinition, OptionDefinition } from '../core/command-definition.ts';
import { fishQuote } from './shell-quote.ts';

function source({
  choices,
  completion,
}: {
  choices?: readonly string[];
  completion?: string | undefined;
}): string {
  if (choices) return ` -f -a ${fishQuote(choices.join(' '))}`;
  switch (completion) {
    case 'nodes':
      return " -f -a '(__hecatectl_names nodes)'";
    case 'units':
    case 'plans':
    case 'runs':
      return ` -f -a '(__hecatectl_names ${completion})'`;
    case 'files':
      return ' -F';
    case 'directories':
      return " -f -a '(__fish_complete_directories)'";
    default:
      return ' -f';
  }
}

function optionLine(condition: string, option: OptionDefinition): string {
  const short = option.short ? ` -s ${option.short}` : '';
  const value = option.valueName ? ` -r${source(option)}` : '';
  return `complete -c hecatectl${condition} -l ${option.long}${short}${value} -d ${fishQuote(option.description)}`;
}

function commandLines(definition: CommandDefinition): string[] {
  const [first = '', second] = definition.name.split(' ');
  const using = ` -n ${fishQuote(`__hecatectl_using ${definition.name}`)}`;
  const summary = fishQuote(definition.summary);
  const offer =
    second === undefined
      ? `complete -c hecatectl -n __hecatectl_no_command -f -a ${first} -d ${summary}`
      : `complete -c hecatectl -n ${fishQuote(`__hecatectl_only ${first}`)} -f -a ${second} -d ${summary}`;
  const args = definition.arguments.map((argument, index) => {
    const position = argument.isVariadic ? `${index}+` : String(index);
    const condition = ` -n ${fishQuote(`__hecatectl_at ${position} ${definition.name}`)}`;
    return `complete -c hecatectl${condition}${source(argument)}`;
  });
  return [offer, ...definition.options.map((option) => optionLine(using, option)), ...args];
}

export function fishScript(
  definitions: readonly CommandDefinition[],
  globals: readonly OptionDefinition[],
): string {
  const groups = [
    ...new Set(
      definitions.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0] ?? ''),
    ),
  ].filter((group) => !definitions.some(({ name }) => name === group));
  const valued = globals
    .filter(({ valueName }) => valueName !== undefined)
    .flatMap(({ long, short }) => [`--${long}`, ...(short ? [`-${short}`] : [])]);
  const groupOffers = groups.map(
    (group) =>
      `complete -c hecatectl -n __hecatectl_no_command -f -a ${group} -d ${fishQuote(`${group} commands`)}`,
  );
  return `# fish completion of hecatectl. Generated from the command definitions: npm run generate.

# The words of the line that are no options: the command, then its operands.
function __hecatectl_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch $word
            case ${valued.join(' ')}
                set skip 1
            case '-*'
            case '*'
                echo $word
        end
    end
end

function __hecatectl_no_command
    test (count (__hecatectl_words)) -eq 0
end

# The first word of a command of two is there, the second is not.
function __hecatectl_only
    set -l words (__hecatectl_words)
    test (count $words) -eq 1; and test "$words[1]" = $argv[1]
end

function __hecatectl_using
    set -l words (__hecatectl_words)
    set -l length (count $argv)
    test (count $words) -ge $length; or return 1
    test "$words[1..$length]" = "$argv"
end

# __hecatectl_at 1+ start: the second operand of start, or a later one, is being typed.
function __hecatectl_at
    set -l position $argv[1]
    set -l name $argv[2..-1]
    __hecatectl_using $name; or return 1
    set -l operands (math (count (__hecatectl_words)) - (count $name))
    string match -qr -- '(^| )(-a|--all)( |$)' (commandline -opc | string join ' '); and set operands (math $operands + 1)
    switch $position
        case '*+'
            test $operands -ge (string replace + '' $position)
        case '*'
            test $operands -eq $position
    end
end

function __hecatectl_names
    set -l words (__hecatectl_words)
    set -l node '*'
    test (count $words) -ge 2; and set node $words[2]
    command hecatectl __complete $argv[1] $node 2>/dev/null
end

complete -c hecatectl -f
${globals.map((option) => optionLine('', option)).join('\n')}
${groupOffers.join('\n')}
${definitions.flatMap(commandLines).join('\n')}
complete -c hecate -w hecatectl
`;
}
