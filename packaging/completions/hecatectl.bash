# bash completion of hecatectl. Generated from the command definitions: npm run generate.
# shellcheck shell=bash

# What takes a value, and what completes it: sets kind, or fails for a flag.
_hecatectl_value_kind() {
  case "$1" in
    'list-units --state') kind='none' ;;
    'list-units --type') kind='words:service socket target device mount automount swap timer path slice scope' ;;
    'status --lines'|'status -n') kind='none' ;;
    'show --property'|'show -p') kind='none' ;;
    'wait --for') kind='words:active inactive failed activating deactivating reloading' ;;
    'logs --lines'|'logs -n') kind='none' ;;
    'logs --since') kind='none' ;;
    'logs --until') kind='none' ;;
    'start --job-mode') kind='words:replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' ;;
    'stop --job-mode') kind='words:replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' ;;
    'restart --job-mode') kind='words:replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' ;;
    'try-restart --job-mode') kind='words:replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' ;;
    'reload --job-mode') kind='words:replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' ;;
    'reload-or-restart --job-mode') kind='words:replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' ;;
    'kill --signal'|'kill -s') kind='none' ;;
    'kill --kill-whom') kind='words:main control all' ;;
    'exec --working-directory') kind='none' ;;
    'operations --lines'|'operations -n') kind='none' ;;
    'plan --mode') kind='words:poweroff cluster-only' ;;
    'plan --ups') kind='none' ;;
    'startup --mode') kind='words:poweroff cluster-only' ;;
    'startup --plan-digest') kind='none' ;;
    'startup --reason') kind='none' ;;
    'startup --time-limit') kind='none' ;;
    'shutdown --mode') kind='words:poweroff cluster-only' ;;
    'shutdown --plan-digest') kind='none' ;;
    'shutdown --reason') kind='none' ;;
    'shutdown --time-limit') kind='none' ;;
    'run --mode') kind='words:poweroff cluster-only' ;;
    'run --plan-digest') kind='none' ;;
    'run --reason') kind='none' ;;
    'run --time-limit') kind='none' ;;
    'runs list --lines'|'runs list -n') kind='none' ;;
    'runs abort --reason') kind='none' ;;
    'power test --scenario') kind='files' ;;
    'power test --ups') kind='none' ;;
    'power rehearse --confirm') kind='none' ;;
    'power rehearse --reason') kind='none' ;;
    'power rehearse --time-limit') kind='none' ;;
    'list-unit-files --state') kind='none' ;;
    'config import --from') kind='files' ;;
    'config import --to') kind='files' ;;
    'config import --as') kind='words:manager agent' ;;
    'ca init --site') kind='none' ;;
    'node enroll --lifetime') kind='none' ;;
    'operator enroll --role') kind='words:viewer operator admin' ;;
    'operator enroll --lifetime') kind='none' ;;
    'peer enroll --lifetime') kind='none' ;;
    'join --token-file') kind='files' ;;
    *' --output'|*' -o') kind='words:table json jsonl' ;;
    *' --timeout'|*' -t') kind='none' ;;
    *' --socket') kind='files' ;;
    *' --manager'|*' -m') kind='none' ;;
    *' --identity') kind='directories' ;;
    *' --config') kind='files' ;;
    *) return 1 ;;
  esac
}

# Sets kinds, options and all_replaces_node for a command.
_hecatectl_command() {
  options=('--output' '-o' '--timeout' '-t' '--socket' '--manager' '-m' '--identity' '--config' '--no-legend' '--quiet' '-q' '--help' '-h')
  case "$1" in
    'list-nodes')
      kinds=('nodes')
      options+=()
      ;;
    'list-units')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--state' '--type')
      ;;
    'status')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--lines' '-n')
      all_replaces_node=1
      ;;
    'show')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--property' '-p' '--value')
      all_replaces_node=1
      ;;
    'is-active')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'is-failed')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'wait')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--for')
      all_replaces_node=1
      ;;
    'logs')
      kinds=('nodes' 'units')
      options+=('--all' '-a' '--follow' '-f' '--lines' '-n' '--since' '--until')
      all_replaces_node=1
      ;;
    'monitor')
      kinds=('nodes' 'units*')
      options+=()
      ;;
    'start')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--job-mode')
      all_replaces_node=1
      ;;
    'stop')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--job-mode')
      all_replaces_node=1
      ;;
    'restart')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--job-mode')
      all_replaces_node=1
      ;;
    'try-restart')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--job-mode')
      all_replaces_node=1
      ;;
    'reload')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--job-mode')
      all_replaces_node=1
      ;;
    'reload-or-restart')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--job-mode')
      all_replaces_node=1
      ;;
    'kill')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--signal' '-s' '--kill-whom')
      all_replaces_node=1
      ;;
    'freeze')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'thaw')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'reset-failed')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'exec')
      kinds=('nodes' 'none*')
      options+=('--all' '-a' '--working-directory')
      all_replaces_node=1
      ;;
    'operation')
      kinds=('none')
      options+=()
      ;;
    'operations')
      kinds=('nodes')
      options+=('--lines' '-n')
      ;;
    'poweroff')
      kinds=('nodes')
      options+=('--all' '-a' '--yes' '-y')
      all_replaces_node=1
      ;;
    'reboot')
      kinds=('nodes')
      options+=('--all' '-a' '--yes' '-y')
      all_replaces_node=1
      ;;
    'plan')
      kinds=('plans')
      options+=('--mode' '--ups')
      ;;
    'plan check')
      kinds=('plans')
      options+=()
      ;;
    'plan list')
      kinds=()
      options+=()
      ;;
    'startup')
      kinds=()
      options+=('--mode' '--execute' '--plan-digest' '--detach' '--reason' '--time-limit' '--rehearsal' '--override-intent')
      ;;
    'shutdown')
      kinds=()
      options+=('--mode' '--execute' '--plan-digest' '--detach' '--reason' '--time-limit' '--rehearsal')
      ;;
    'bootstrap')
      kinds=()
      options+=()
      ;;
    'run')
      kinds=('plans')
      options+=('--mode' '--execute' '--plan-digest' '--detach' '--reason' '--time-limit' '--rehearsal')
      ;;
    'runs list')
      kinds=()
      options+=('--lines' '-n')
      ;;
    'runs show')
      kinds=('runs')
      options+=()
      ;;
    'runs watch')
      kinds=('runs')
      options+=()
      ;;
    'runs abort')
      kinds=('runs')
      options+=('--reason' '--detach')
      ;;
    'power status')
      kinds=()
      options+=()
      ;;
    'power explain')
      kinds=()
      options+=()
      ;;
    'power test')
      kinds=()
      options+=('--scenario' '--ups')
      ;;
    'power rehearse')
      kinds=()
      options+=('--confirm' '--detach' '--reason' '--time-limit')
      ;;
    'list-unit-files')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--state')
      all_replaces_node=1
      ;;
    'is-enabled')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'enable')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--runtime' '--force' '-f')
      all_replaces_node=1
      ;;
    'disable')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--runtime')
      all_replaces_node=1
      ;;
    'mask')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--runtime' '--force' '-f')
      all_replaces_node=1
      ;;
    'unmask')
      kinds=('nodes' 'units*')
      options+=('--all' '-a' '--runtime')
      all_replaces_node=1
      ;;
    'cat')
      kinds=('nodes' 'units*')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'daemon-reload')
      kinds=('nodes')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'get-default')
      kinds=('nodes')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'set-default')
      kinds=('nodes' 'units')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'health')
      kinds=()
      options+=()
      ;;
    'doctor')
      kinds=('nodes')
      options+=()
      ;;
    'metrics')
      kinds=()
      options+=()
      ;;
    'daemon')
      kinds=()
      options+=()
      ;;
    'set-log-level')
      kinds=('words:trace debug info warn error fatal silent' 'nodes')
      options+=('--all' '-a')
      all_replaces_node=1
      ;;
    'backup')
      kinds=('files')
      options+=()
      ;;
    'restore')
      kinds=('files')
      options+=('--check' '--keep-config' '--force')
      ;;
    'config import')
      kinds=()
      options+=('--from' '--to' '--as')
      ;;
    'ca init')
      kinds=()
      options+=('--site')
      ;;
    'node enroll')
      kinds=('none')
      options+=('--lifetime')
      ;;
    'node revoke')
      kinds=('nodes')
      options+=()
      ;;
    'node list')
      kinds=()
      options+=()
      ;;
    'operator enroll')
      kinds=('none')
      options+=('--role' '--lifetime')
      ;;
    'operator revoke')
      kinds=('none')
      options+=()
      ;;
    'operator list')
      kinds=()
      options+=()
      ;;
    'peer enroll')
      kinds=('none')
      options+=('--lifetime')
      ;;
    'peer revoke')
      kinds=('none')
      options+=()
      ;;
    'peer list')
      kinds=()
      options+=()
      ;;
    'join')
      kinds=()
      options+=('--token-file')
      ;;
    'version')
      kinds=()
      options+=('--client')
      ;;
    'completion')
      kinds=('words:bash zsh fish')
      options+=()
      ;;
    *) return 1 ;;
  esac
}

_hecatectl_seconds() {
  case "$1" in
    'plan') seconds=('check' 'list') ;;
    'runs') seconds=('list' 'show' 'watch' 'abort') ;;
    'power') seconds=('status' 'explain' 'test' 'rehearse') ;;
    'config') seconds=('import') ;;
    'ca') seconds=('init') ;;
    'node') seconds=('enroll' 'revoke' 'list') ;;
    'operator') seconds=('enroll' 'revoke' 'list') ;;
    'peer') seconds=('enroll' 'revoke' 'list') ;;
    *) return 1 ;;
  esac
}

# Whether the second word belongs to the command's name: of plan shutdown it is an operand, of plan check it is not.
_hecatectl_has_second() {
  _hecatectl_seconds "$1" || return 1
  ! _hecatectl_command "$1" || [[ " ${seconds[*]} " == *" $2 "* ]]
}

# Offers candidates (one per line) that begin with the word, quoted for the shell. bash replaces only what
# stands behind its last break character, so that part alone is offered.
_hecatectl_offer() {
  local word=$1 candidate quoted broken='' breaks=${COMP_WORDBREAKS//[[:space:]\"\'\\><|&;()]/}
  if [[ -n $breaks && $word == *["$breaks"]* ]]; then
    broken=${word%"${word##*["$breaks"]}"}
  fi
  while IFS= read -r candidate; do
    [[ -n $candidate && $candidate == "$word"* ]] || continue
    printf -v quoted '%q' "${candidate#"$broken"}"
    COMPREPLY+=("${quoted//\\,/,}")
  done
}

_hecatectl_names() {
  command "$program" __complete "$@" 2>/dev/null
}

_hecatectl_by_kind() {
  local kind=$1 word=$2 node=$3 prefix=''
  case "$kind" in
    words:*) _hecatectl_offer "$word" < <(printf '%s\n' ${kind#words:}) ;;
    nodes | units | plans | runs)
      # A comma list: what stands before the last comma stays.
      if [[ $word == *,* ]]; then prefix=${word%,*},; fi
      _hecatectl_offer "$word" < <(_hecatectl_names "$kind" "$node" | while IFS= read -r name; do printf '%s%s\n' "$prefix" "$name"; done)
      ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
  esac
}

_hecatectl() {
  local line=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]}
  local -a words=() operands=() kinds=() options=() seconds=()
  local word='' name='' kind='' node='' previous='' all_replaces_node='' has_all='' index position last
  COMPREPLY=()
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    word=${words[${#words[@]} - 1]}
    unset 'words[${#words[@]}-1]'
  fi
  for ((index = 1; index < ${#words[@]}; index++)); do
    previous=''
    case "${words[index]}" in
      --) return 0 ;;
      -a | --all) has_all=1 ;;
      -*)
        if [[ ${words[index]} != *=* ]] && _hecatectl_value_kind "$name ${words[index]}"; then
          previous=${words[index]}
          index=$((index + 1))
        fi
        ;;
      *)
        if [[ -z $name ]]; then name=${words[index]}
        elif [[ ${#operands[@]} -eq 0 && $name != *' '* ]] && _hecatectl_has_second "$name" "${words[index]}"; then name="$name ${words[index]}"
        else operands+=("${words[index]}")
        fi
        ;;
    esac
  done
  # The word that is being typed is the value of the option before it.
  if [[ -n $previous && $index -gt ${#words[@]} ]]; then
    _hecatectl_value_kind "$name $previous" && _hecatectl_by_kind "$kind" "$word" ''
    return 0
  fi
  if [[ -z $name ]]; then
    if [[ $word == -* ]]; then _hecatectl_offer "$word" < <(printf '%s\n' '--output' '-o' '--timeout' '-t' '--socket' '--manager' '-m' '--identity' '--config' '--no-legend' '--quiet' '-q' '--help' '-h' '--version' '--all')
    else _hecatectl_offer "$word" < <(printf '%s\n' 'list-nodes' 'list-units' 'status' 'show' 'is-active' 'is-failed' 'wait' 'logs' 'monitor' 'start' 'stop' 'restart' 'try-restart' 'reload' 'reload-or-restart' 'kill' 'freeze' 'thaw' 'reset-failed' 'exec' 'operation' 'operations' 'poweroff' 'reboot' 'plan' 'startup' 'shutdown' 'bootstrap' 'run' 'runs' 'power' 'list-unit-files' 'is-enabled' 'enable' 'disable' 'mask' 'unmask' 'cat' 'daemon-reload' 'get-default' 'set-default' 'health' 'doctor' 'metrics' 'daemon' 'set-log-level' 'backup' 'restore' 'config' 'ca' 'node' 'operator' 'peer' 'join' 'version' 'completion' 'help')
    fi
    return 0
  fi
  if [[ $name != *' '* && ${#operands[@]} -eq 0 ]] && _hecatectl_seconds "$name"; then
    _hecatectl_offer "$word" < <(printf '%s\n' "${seconds[@]}")
    # A command that begins others takes operands, too: plan, plan check.
    _hecatectl_command "$name" || return 0
  fi
  if [[ $name == help ]]; then
    _hecatectl_offer "$word" < <(printf '%s\n' 'list-nodes' 'list-units' 'status' 'show' 'is-active' 'is-failed' 'wait' 'logs' 'monitor' 'start' 'stop' 'restart' 'try-restart' 'reload' 'reload-or-restart' 'kill' 'freeze' 'thaw' 'reset-failed' 'exec' 'operation' 'operations' 'poweroff' 'reboot' 'plan' 'startup' 'shutdown' 'bootstrap' 'run' 'runs' 'power' 'list-unit-files' 'is-enabled' 'enable' 'disable' 'mask' 'unmask' 'cat' 'daemon-reload' 'get-default' 'set-default' 'health' 'doctor' 'metrics' 'daemon' 'set-log-level' 'backup' 'restore' 'config' 'ca' 'node' 'operator' 'peer' 'join' 'version' 'completion')
    return 0
  fi
  _hecatectl_command "$name" || return 0
  if [[ $word == -* ]]; then
    _hecatectl_offer "$word" < <(printf '%s\n' "${options[@]}")
    return 0
  fi
  node=${operands[0]:-}
  position=${#operands[@]}
  if [[ -n $all_replaces_node && -n $has_all ]]; then
    kinds=("${kinds[@]:1}")
    node='*'
  fi
  last=$((${#kinds[@]} - 1))
  ((last >= 0)) || return 0
  if ((position > last)); then
    [[ ${kinds[last]} == *'*' ]] || return 0
    position=$last
  fi
  _hecatectl_by_kind "${kinds[position]%'*'}" "$word" "$node"
}

complete -F _hecatectl hecatectl hecate
