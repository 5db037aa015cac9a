/** Completion for zsh: one _arguments specification per command. */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from '../core/command-definition.ts';
import { shellQuote } from './shell-quote.ts';

/** Text within a specification: brackets and colons mean something there. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, (sign) => `\\${sign}`);

function action({
  choices,
  completion,
}: {
  choices?: readonly string[];
  completion?: string | undefined;
}): string {
  if (choices) return `(${choices.join(' ')})`;
  switch (completion) {
    case 'nodes':
      return '_hecatectl_nodes';
    case 'units':
      return '_hecatectl_units';
    case 'plans':
    case 'runs':
      return `_hecatectl_${completion}`;
    case 'files':
      return '_files';
    case 'directories':
      return '_directories';
    default:
      return ' ';
  }
}

function optionSpecs(option: OptionDefinition): string[] {
  const { long, short, valueName, description, isRepeatable } = option;
  const value = valueName ? `:${plain(valueName)}:${action(option)}` : '';
  const names = short ? [`--${long}`, `-${short}`] : [`--${long}`];
  const exclusive = isRepeatable ? '*' : `(${names.join(' ')})`;
  return names.map((name) => {
    const equals = valueName && name.startsWith('--') ? '=' : '';
    return shellQuote(`${exclusive}${name}${equals}[${plain(description)}]${value}`);
  });
}

function argumentSpec(argument: ArgumentDefinition, index: number): string {
  const position = argument.isVariadic ? '*' : String(index + 1);
  const mark = argument.isVariadic || argument.isRequired ? ':' : '::';
  return shellQuote(`${position}${mark}${plain(argument.name)}:${action(argument)}`);
}

function commandCase(definition: CommandDefinition): string {
  const specs = [...definition.options.flatMap(optionSpecs), ...definition.arguments.map(argumentSpec)];
  return `    ${shellQuote(definition.name)})\n      _arguments -s -S $general ${specs.map((spec) => `\\\n        ${spec}`).join(' ')}\n      ;;`;
}

const described = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([name, summary]) => `      ${shellQuote(`${name}:${summary}`)}`).join('\n');

export function zshScript(
  definitions: readonly CommandDefinition[],
  globals: readonly OptionDefinition[],
): string {
  const groups = new Map<string, [string, string][]>();
  const firsts: [string, string][] = [];
  for (const { name, summary } of definitions) {
    const [first = '', second] = name.split(' ');
    if (second === undefined) firsts.push([first, summary]);
    else {
      const members = groups.get(first) ?? [];
      const isThere = firsts.some(([name]) => name === first);
      if (!isThere) firsts.push([first, `${first} commands`]);
      groups.set(first, [...members, [second, summary]]);
    }
  }
  const groupCases = [...groups].map(
    ([first, members]) => `    ${first})\n      entries=(\n${described(members)}\n      )\n      ;;`,
  );
  const isCommand = (group: string): boolean => definitions.some(({ name }) => name === group);
  const onlyGroups = [...groups.keys()].filter((group) => !isCommand(group));
  // `plan` is a command, and begins others: its second word may be an operand.
  const bothCases = [...groups]
    .filter(([group]) => isCommand(group))
    .map(([group, members]) => {
      const seconds = members.map(([second]) => second).join(' | ');
      return `    ${group})
      if ((index + 1 >= CURRENT)); then
        _hecatectl_entries "$name"
      else
        case "\${words[index + 1]}" in
          ${seconds})
            ((index += 1))
            name="$name \${words[index]}"
            ;;
        esac
      fi
      ;;`;
    });
  return `#compdef hecatectl hecate
# zsh completion of hecatectl. Generated from the command definitions: npm run generate.

_hecatectl_nodes() {
  local -a names
  names=("\${(@f)$(_call_program nodes hecatectl __complete nodes 2>/dev/null)}")
  compset -P '*,'
  compadd -S '' -a names
}

_hecatectl_units() {
  local -a names
  local node=\${_hecatectl_node:-*}
  names=("\${(@f)$(_call_program units hecatectl __complete units \${(q)node} 2>/dev/null)}")
  compset -P '*,'
  compadd -a names
}

_hecatectl_plans() {
  local -a names
  names=("\${(@f)$(_call_program plans hecatectl __complete plans 2>/dev/null)}")
  compadd -a names
}

_hecatectl_runs() {
  local -a names
  names=("\${(@f)$(_call_program runs hecatectl __complete runs 2>/dev/null)}")
  compadd -a names
}

_hecatectl_entries() {
  local -a entries
  case "$1" in
${groupCases.join('\n')}
    *)
      entries=(
${described(firsts)}
      )
      ;;
  esac
  _describe -t commands 'hecatectl command' entries
}

_hecatectl() {
  local name='' _hecatectl_node='' index=2
  # Options before the command: the ones with a value take the next word along.
  while ((index < CURRENT)) && [[ \${words[index]} == -* ]]; do
    case "\${words[index]}" in
      ${globals
        .filter(({ valueName }) => valueName !== undefined)
        .flatMap(({ long, short }) => [`--${long}`, ...(short ? [`-${short}`] : [])])
        .join(' | ')}) ((index += 2)) ;;
      *) ((index += 1)) ;;
    esac
  done
  if ((index >= CURRENT)); then
    _hecatectl_entries ''
    return
  fi
  name=\${words[index]}
  case "$name" in
    ${onlyGroups.join(' | ')})
      ((index += 1))
      if ((index >= CURRENT)); then
        _hecatectl_entries "$name"
        return
      fi
      name="$name \${words[index]}"
      ;;
${bothCases.join('\n')}
  esac
  words=("$name" "\${(@)words[index + 1, -1]}")
  ((CURRENT -= index - 1))
  local -a general
  general=(
${globals
  .flatMap(optionSpecs)
  .map((spec) => `    ${spec}`)
  .join('\n')}
  )
  local word
  for word in "\${(@)words[2, CURRENT - 1]}"; do
    [[ $word == -* ]] && continue
    _hecatectl_node=$word
    break
  done
  case "$name" in
${definitions.map((definition) => commandCase(definition)).join('\n')}
  esac
}

_hecatectl "$@"
`;
}
