/**
 * Completion for bash, without the bash-completion package. Words are taken from the line itself, because bash
 * cuts its own at ":", "=" and "@", which unit names contain.
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from '../core/command-definition.ts';
import { shellQuote } from './shell-quote.ts';

const list = (words: readonly string[]): string => words.map(shellQuote).join(' ');

const flagsOf = (options: readonly OptionDefinition[]): string[] =>
  options.flatMap(({ long, short }) => [`--${long}`, ...(short ? [`-${short}`] : [])]);

const valued = (options: readonly OptionDefinition[]): OptionDefinition[] =>
  options.filter(({ valueName }) => valueName !== undefined);

/** What completes an argument: "nodes", "units", "files", "words:a b", "none". */
function kindOf({ choices, completion }: Pick<ArgumentDefinition, 'choices' | 'completion'>): string {
  return choices ? `words:${choices.join(' ')}` : completion;
}

function commandCase(definition: CommandDefinition): string {
  const { arguments: args, options } = definition;
  const hasNodes = options.some(({ isEveryNode }) => isEveryNode);
  const lines = [
    `kinds=(${list(args.map((argument) => kindOf(argument) + (argument.isVariadic ? '*' : '')))})`,
    `options+=(${list(flagsOf(options))})`,
    ...(hasNodes ? ['all_replaces_node=1'] : []),
  ];
  return `    ${shellQuote(definition.name)})\n${lines.map((line) => `      ${line}`).join('\n')}\n      ;;`;
}

function valueCases(definitions: readonly CommandDefinition[], globals: readonly OptionDefinition[]): string {
  const cases = new Map<string, string>();
  const add = (scope: string, option: OptionDefinition): void => {
    const kind = option.choices ? `words:${option.choices.join(' ')}` : (option.completion ?? 'none');
    const patterns = flagsOf([option])
      .map((flag) => shellQuote(`${scope}${flag}`))
      .join('|');
    cases.set(patterns, kind);
  };
  for (const definition of definitions) {
    for (const option of valued(definition.options)) add(`${definition.name} `, option);
  }
  const own = [...cases].map(([patterns, kind]) => `    ${patterns}) kind=${shellQuote(kind)} ;;`);
  const general = valued(globals).map((option) => {
    const kind = option.choices ? `words:${option.choices.join(' ')}` : (option.completion ?? 'none');
    return `    ${flagsOf([option])
      .map((flag) => `*${shellQuote(` ${flag}`)}`)
      .join('|')}) kind=${shellQuote(kind)} ;;`;
  });
  return [...own, ...general].join('\n');
}

export function bashScript(
  definitions: readonly CommandDefinition[],
  globals: readonly OptionDefinition[],
): string {
  const names = definitions.map(({ name }) => name);
  const firsts = [...new Set(names.map((name) => name.split(' ')[0] ?? ''))];
  const seconds = [
    ...new Set(names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] ?? '')),
  ];
  const secondCases = seconds.map((first) => {
    const members = names
      .filter((name) => name.startsWith(`${first} `))
      .map((name) => name.split(' ')[1] ?? '');
    return `    ${shellQuote(first)}) seconds=(${list(members)}) ;;`;
  });
  return `# bash completion of hecatectl. Generated from the command definitions: npm run generate.
# shellcheck shell=bash

# What takes a value, and what completes it: sets kind, or fails for a flag.
_hecatectl_value_kind() {
  case "$1" in
${valueCases(definitions, globals)}
    *) return 1 ;;
  esac
}

# Sets kinds, options and all_replaces_node for a command.
_hecatectl_command() {
  options=(${list(flagsOf(globals))})
  case "$1" in
${definitions.map(commandCase).join('\n')}
    *) return 1 ;;
  esac
}

_hecatectl_seconds() {
  case "$1" in
${secondCases.join('\n')}
    *) return 1 ;;
  esac
}

# Whether the second word belongs to the command's name: of plan shutdown it is an operand, of plan check it is not.
_hecatectl_has_second() {
  _hecatectl_seconds "$1" || return 1
  ! _hecatectl_command "$1" || [[ " \${seconds[*]} " == *" $2 "* ]]
}

# Offers candidates (one per line) that begin with the word, quoted for the shell. bash replaces only what
# stands behind its last break character, so that part alone is offered.
_hecatectl_offer() {
  local word=$1 candidate quoted broken='' breaks=\${COMP_WORDBREAKS//[[:space:]\\"\\'\\\\><|&;()]/}
  if [[ -n $breaks && $word == *["$breaks"]* ]]; then
    broken=\${word%"\${word##*["$breaks"]}"}
  fi
  while IFS= read -r candidate; do
    [[ -n $candidate && $candidate == "$word"* ]] || continue
    printf -v quoted '%q' "\${candidate#"$broken"}"
    COMPREPLY+=("\${quoted//\\\\,/,}")
  done
}

_hecatectl_names() {
  command "$program" __complete "$@" 2>/dev/null
}

_hecatectl_by_kind() {
  local kind=$1 word=$2 node=$3 prefix=''
  case "$kind" in
    words:*) _hecatectl_offer "$word" < <(printf '%s\\n' \${kind#words:}) ;;
    nodes | units | plans | runs)
      # A comma list: what stands before the last comma stays.
      if [[ $word == *,* ]]; then prefix=\${word%,*},; fi
      _hecatectl_offer "$word" < <(_hecatectl_names "$kind" "$node" | while IFS= read -r name; do printf '%s%s\\n' "$prefix" "$name"; done)
      ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
  esac
}

_hecatectl() {
  local line=\${COMP_LINE:0:COMP_POINT} program=\${COMP_WORDS[0]}
  local -a words=() operands=() kinds=() options=() seconds=()
  local word='' name='' kind='' node='' previous='' all_replaces_node='' has_all='' index position last
  COMPREPLY=()
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    word=\${words[\${#words[@]} - 1]}
    unset 'words[\${#words[@]}-1]'
  fi
  for ((index = 1; index < \${#words[@]}; index++)); do
    previous=''
    case "\${words[index]}" in
      --) return 0 ;;
      -a | --all) has_all=1 ;;
      -*)
        if [[ \${words[index]} != *=* ]] && _hecatectl_value_kind "$name \${words[index]}"; then
          previous=\${words[index]}
          index=$((index + 1))
        fi
        ;;
      *)
        if [[ -z $name ]]; then name=\${words[index]}
        elif [[ \${#operands[@]} -eq 0 && $name != *' '* ]] && _hecatectl_has_second "$name" "\${words[index]}"; then name="$name \${words[index]}"
        else operands+=("\${words[index]}")
        fi
        ;;
    esac
  done
  # The word that is being typed is the value of the option before it.
  if [[ -n $previous && $index -gt \${#words[@]} ]]; then
    _hecatectl_value_kind "$name $previous" && _hecatectl_by_kind "$kind" "$word" ''
    return 0
  fi
  if [[ -z $name ]]; then
    if [[ $word == -* ]]; then _hecatectl_offer "$word" < <(printf '%s\\n' ${list([...flagsOf(globals), '--version', '--all'])})
    else _hecatectl_offer "$word" < <(printf '%s\\n' ${list([...firsts, 'help'])})
    fi
    return 0
  fi
  if [[ $name != *' '* && \${#operands[@]} -eq 0 ]] && _hecatectl_seconds "$name"; then
    _hecatectl_offer "$word" < <(printf '%s\\n' "\${seconds[@]}")
    # A command that begins others takes operands, too: plan, plan check.
    _hecatectl_command "$name" || return 0
  fi
  if [[ $name == help ]]; then
    _hecatectl_offer "$word" < <(printf '%s\\n' ${list(firsts)})
    return 0
  fi
  _hecatectl_command "$name" || return 0
  if [[ $word == -* ]]; then
    _hecatectl_offer "$word" < <(printf '%s\\n' "\${options[@]}")
    return 0
  fi
  node=\${operands[0]:-}
  position=\${#operands[@]}
  if [[ -n $all_replaces_node && -n $has_all ]]; then
    kinds=("\${kinds[@]:1}")
    node='*'
  fi
  last=$((\${#kinds[@]} - 1))
  ((last >= 0)) || return 0
  if ((position > last)); then
    [[ \${kinds[last]} == *'*' ]] || return 0
    position=$last
  fi
  _hecatectl_by_kind "\${kinds[position]%'*'}" "$word" "$node"
}

complete -F _hecatectl hecatectl hecate
`;
}
