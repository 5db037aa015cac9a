# fish completion of hecatectl. Generated from the command definitions: npm run generate.

# The words of the line that are no options: the command, then its operands.
function __hecatectl_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch $word
            case --output -o --timeout -t --socket --manager -m --identity --config
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
complete -c hecatectl -l output -s o -r -f -a 'table json jsonl' -d 'table for people; json for one document; jsonl for one object per line (what streams print with json, too)'
complete -c hecatectl -l timeout -s t -r -f -d 'how long to wait at most, like 90s or 5min: 90s for operations, 30s for questions'
complete -c hecatectl -l socket -r -F -d 'the manager\'s Unix socket (HECATE_SOCKET; /run/hecate/manager.sock)'
complete -c hecatectl -l manager -s m -r -f -d 'a manager on another host, with the identity that hecatectl join stored (HECATE_MANAGER)'
complete -c hecatectl -l identity -r -f -a '(__fish_complete_directories)' -d 'where the identity is stored (HECATE_IDENTITY; ~/.config/hecate)'
complete -c hecatectl -l config -r -F -d 'the configuration of the manager on this host; of it only the sockets are read, to find the manager'
complete -c hecatectl -l no-legend -d 'tables without headings'
complete -c hecatectl -l quiet -s q -d 'no progress and no notes; with operations: failures only; errors keep their cause and next step'
complete -c hecatectl -l help -s h -d 'what the command does and takes'
complete -c hecatectl -n __hecatectl_no_command -f -a runs -d 'runs commands'
complete -c hecatectl -n __hecatectl_no_command -f -a power -d 'power commands'
complete -c hecatectl -n __hecatectl_no_command -f -a ca -d 'ca commands'
complete -c hecatectl -n __hecatectl_no_command -f -a node -d 'node commands'
complete -c hecatectl -n __hecatectl_no_command -f -a operator -d 'operator commands'
complete -c hecatectl -n __hecatectl_no_command -f -a list-nodes -d 'list the nodes and whether they are online'
complete -c hecatectl -n '__hecatectl_at 0 list-nodes' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a list-units -d 'list the loaded units of nodes'
complete -c hecatectl -n '__hecatectl_using list-units' -l all -s a -d 'units that are inactive, too'
complete -c hecatectl -n '__hecatectl_using list-units' -l state -r -f -d 'only units whose load, active or sub state is one of these, like failed or running'
complete -c hecatectl -n '__hecatectl_using list-units' -l type -r -f -a 'service socket target device mount automount swap timer path slice scope' -d 'only units of these types'
complete -c hecatectl -n '__hecatectl_at 0 list-units' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ list-units' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a status -d 'show the state of the site, of a node, or of units'
complete -c hecatectl -n '__hecatectl_using status' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using status' -l lines -s n -r -f -d 'how many log lines to show; 10 when not given, 0 for none'
complete -c hecatectl -n '__hecatectl_at 0 status' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ status' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a show -d 'show the properties of units'
complete -c hecatectl -n '__hecatectl_using show' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using show' -l property -s p -r -f -d 'only these properties'
complete -c hecatectl -n '__hecatectl_using show' -l value -d 'only the values, without NAME='
complete -c hecatectl -n '__hecatectl_at 0 show' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ show' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a is-active -d 'ask whether units are active'
complete -c hecatectl -n '__hecatectl_using is-active' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 is-active' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ is-active' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a is-failed -d 'ask whether units have failed'
complete -c hecatectl -n '__hecatectl_using is-failed' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 is-failed' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ is-failed' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a wait -d 'wait until units are in a state'
complete -c hecatectl -n '__hecatectl_using wait' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using wait' -l for -r -f -a 'active inactive failed activating deactivating reloading' -d 'the active state to wait for; active when not given'
complete -c hecatectl -n '__hecatectl_at 0 wait' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ wait' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a logs -d 'show what units wrote to the journal of their node'
complete -c hecatectl -n '__hecatectl_using logs' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using logs' -l follow -s f -d 'go on with what is written from now on'
complete -c hecatectl -n '__hecatectl_using logs' -l lines -s n -r -f -d 'the last COUNT lines; "all" for all of them'
complete -c hecatectl -n '__hecatectl_using logs' -l since -r -f -d 'not older than this, as journalctl takes it: "-1h", "today", "2026-11-21 13:00"'
complete -c hecatectl -n '__hecatectl_using logs' -l until -r -f -d 'not newer than this'
complete -c hecatectl -n '__hecatectl_at 0 logs' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1 logs' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a monitor -d 'show changes of nodes and units as they happen'
complete -c hecatectl -n '__hecatectl_at 0 monitor' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ monitor' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a start -d 'start units'
complete -c hecatectl -n '__hecatectl_using start' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using start' -l job-mode -r -f -a 'replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'how systemd treats jobs that are in the way; replace when not given; others than replace, fail, lenient take the admin role and the node\'s consent (JobModes= of its policy)'
complete -c hecatectl -n '__hecatectl_at 0 start' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ start' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a stop -d 'stop units'
complete -c hecatectl -n '__hecatectl_using stop' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using stop' -l job-mode -r -f -a 'replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'how systemd treats jobs that are in the way; replace when not given; others than replace, fail, lenient take the admin role and the node\'s consent (JobModes= of its policy)'
complete -c hecatectl -n '__hecatectl_at 0 stop' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ stop' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a restart -d 'stop and start units'
complete -c hecatectl -n '__hecatectl_using restart' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using restart' -l job-mode -r -f -a 'replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'how systemd treats jobs that are in the way; replace when not given; others than replace, fail, lenient take the admin role and the node\'s consent (JobModes= of its policy)'
complete -c hecatectl -n '__hecatectl_at 0 restart' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ restart' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a try-restart -d 'restart units that are active'
complete -c hecatectl -n '__hecatectl_using try-restart' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using try-restart' -l job-mode -r -f -a 'replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'how systemd treats jobs that are in the way; replace when not given; others than replace, fail, lenient take the admin role and the node\'s consent (JobModes= of its policy)'
complete -c hecatectl -n '__hecatectl_at 0 try-restart' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ try-restart' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a reload -d 'let units read their configuration again'
complete -c hecatectl -n '__hecatectl_using reload' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using reload' -l job-mode -r -f -a 'replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'how systemd treats jobs that are in the way; replace when not given; others than replace, fail, lenient take the admin role and the node\'s consent (JobModes= of its policy)'
complete -c hecatectl -n '__hecatectl_at 0 reload' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ reload' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a reload-or-restart -d 'reload units that can, restart the others'
complete -c hecatectl -n '__hecatectl_using reload-or-restart' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using reload-or-restart' -l job-mode -r -f -a 'replace fail lenient replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering restart-dependencies' -d 'how systemd treats jobs that are in the way; replace when not given; others than replace, fail, lenient take the admin role and the node\'s consent (JobModes= of its policy)'
complete -c hecatectl -n '__hecatectl_at 0 reload-or-restart' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ reload-or-restart' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a kill -d 'send a signal to processes of units'
complete -c hecatectl -n '__hecatectl_using kill' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using kill' -l signal -s s -r -f -d 'which one; SIGTERM when not given'
complete -c hecatectl -n '__hecatectl_using kill' -l kill-whom -r -f -a 'main control all' -d 'which processes; all when not given'
complete -c hecatectl -n '__hecatectl_at 0 kill' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ kill' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a freeze -d 'suspend all processes of units'
complete -c hecatectl -n '__hecatectl_using freeze' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 freeze' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ freeze' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a thaw -d 'let frozen units go on'
complete -c hecatectl -n '__hecatectl_using thaw' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 thaw' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ thaw' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a reset-failed -d 'forget that units failed'
complete -c hecatectl -n '__hecatectl_using reset-failed' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 reset-failed' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ reset-failed' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a exec -d 'run a command on nodes'
complete -c hecatectl -n '__hecatectl_using exec' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using exec' -l working-directory -r -f -d 'where on the node it runs; / when not given'
complete -c hecatectl -n '__hecatectl_at 0 exec' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ exec' -f
complete -c hecatectl -n __hecatectl_no_command -f -a operation -d 'show what became of an operation'
complete -c hecatectl -n '__hecatectl_at 0 operation' -f
complete -c hecatectl -n __hecatectl_no_command -f -a operations -d 'list the open and the latest operations'
complete -c hecatectl -n '__hecatectl_using operations' -l lines -s n -r -f -d 'how many at most, 1 to 100 (default: 20)'
complete -c hecatectl -n '__hecatectl_at 0 operations' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a poweroff -d 'power hosts off'
complete -c hecatectl -n '__hecatectl_using poweroff' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using poweroff' -l yes -s y -d 'do it; without this it is only said which nodes are meant, and nothing is sent'
complete -c hecatectl -n '__hecatectl_at 0 poweroff' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a reboot -d 'boot hosts again'
complete -c hecatectl -n '__hecatectl_using reboot' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using reboot' -l yes -s y -d 'do it; without this it is only said which nodes are meant, and nothing is sent'
complete -c hecatectl -n '__hecatectl_at 0 reboot' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a plan -d 'show what a run would do, step by step'
complete -c hecatectl -n '__hecatectl_using plan' -l mode -r -f -a 'poweroff cluster-only' -d 'cluster-only leaves every host on; poweroff when not given'
complete -c hecatectl -n '__hecatectl_at 0 plan' -f -a '(__hecatectl_names plans)'
complete -c hecatectl -n '__hecatectl_only plan' -f -a check -d 'refuse plans that can never work'
complete -c hecatectl -n '__hecatectl_at 0 plan check' -f -a '(__hecatectl_names plans)'
complete -c hecatectl -n '__hecatectl_only plan' -f -a list -d 'list the plans of the site'
complete -c hecatectl -n __hecatectl_no_command -f -a startup -d 'start the cluster, or try whether it would start'
complete -c hecatectl -n '__hecatectl_using startup' -l mode -r -f -a 'poweroff cluster-only' -d 'cluster-only leaves every host on; poweroff when not given'
complete -c hecatectl -n '__hecatectl_using startup' -l execute -d 'carry it out; without this, every check and every read is made and nothing is applied'
complete -c hecatectl -n '__hecatectl_using startup' -l plan-digest -r -f -d 'refuse when the plan is not the one that was looked at (hecatectl plan shows its digest)'
complete -c hecatectl -n '__hecatectl_using startup' -l detach -d 'do not watch: print the id of the run and end'
complete -c hecatectl -n '__hecatectl_using startup' -l reason -r -f -d 'why; it is kept with the run and told to hooks'
complete -c hecatectl -n '__hecatectl_using startup' -l time-limit -r -f -d 'how long the run may take: what the plan may shorten or leave out then is chosen by it (--timeout is only how long to watch)'
complete -c hecatectl -n '__hecatectl_using startup' -l rehearsal -d 'label it as a rehearsal: it is carried out all the same, and its durations are learnt'
complete -c hecatectl -n '__hecatectl_using startup' -l override-intent -d 'start although a shutdown that never ended is remembered'
complete -c hecatectl -n __hecatectl_no_command -f -a shutdown -d 'stop the cluster and power it off, or try whether'
complete -c hecatectl -n '__hecatectl_using shutdown' -l mode -r -f -a 'poweroff cluster-only' -d 'cluster-only leaves every host on; poweroff when not given'
complete -c hecatectl -n '__hecatectl_using shutdown' -l execute -d 'carry it out; without this, every check and every read is made and nothing is applied'
complete -c hecatectl -n '__hecatectl_using shutdown' -l plan-digest -r -f -d 'refuse when the plan is not the one that was looked at (hecatectl plan shows its digest)'
complete -c hecatectl -n '__hecatectl_using shutdown' -l detach -d 'do not watch: print the id of the run and end'
complete -c hecatectl -n '__hecatectl_using shutdown' -l reason -r -f -d 'why; it is kept with the run and told to hooks'
complete -c hecatectl -n '__hecatectl_using shutdown' -l time-limit -r -f -d 'how long the run may take: what the plan may shorten or leave out then is chosen by it (--timeout is only how long to watch)'
complete -c hecatectl -n '__hecatectl_using shutdown' -l rehearsal -d 'label it as a rehearsal: it is carried out all the same, and its durations are learnt'
complete -c hecatectl -n __hecatectl_no_command -f -a bootstrap -d 'start the site as soon as power is good for it'
complete -c hecatectl -n __hecatectl_no_command -f -a run -d 'carry out a declared sequence, or try whether'
complete -c hecatectl -n '__hecatectl_using run' -l mode -r -f -a 'poweroff cluster-only' -d 'cluster-only leaves every host on; poweroff when not given'
complete -c hecatectl -n '__hecatectl_using run' -l execute -d 'carry it out; without this, every check and every read is made and nothing is applied'
complete -c hecatectl -n '__hecatectl_using run' -l plan-digest -r -f -d 'refuse when the plan is not the one that was looked at (hecatectl plan shows its digest)'
complete -c hecatectl -n '__hecatectl_using run' -l detach -d 'do not watch: print the id of the run and end'
complete -c hecatectl -n '__hecatectl_using run' -l reason -r -f -d 'why; it is kept with the run and told to hooks'
complete -c hecatectl -n '__hecatectl_using run' -l time-limit -r -f -d 'how long the run may take: what the plan may shorten or leave out then is chosen by it (--timeout is only how long to watch)'
complete -c hecatectl -n '__hecatectl_using run' -l rehearsal -d 'label it as a rehearsal: it is carried out all the same, and its durations are learnt'
complete -c hecatectl -n '__hecatectl_at 0 run' -f -a '(__hecatectl_names plans)'
complete -c hecatectl -n '__hecatectl_only runs' -f -a list -d 'list the runs, the newest first'
complete -c hecatectl -n '__hecatectl_using runs list' -l lines -s n -r -f -d 'how many at most, 1 to 200 (default: 20)'
complete -c hecatectl -n '__hecatectl_only runs' -f -a show -d 'show how a run went, or how it goes'
complete -c hecatectl -n '__hecatectl_at 0 runs show' -f -a '(__hecatectl_names runs)'
complete -c hecatectl -n '__hecatectl_only runs' -f -a watch -d 'watch a run to its end'
complete -c hecatectl -n '__hecatectl_at 0 runs watch' -f -a '(__hecatectl_names runs)'
complete -c hecatectl -n '__hecatectl_only runs' -f -a abort -d 'end a run at the end of its step'
complete -c hecatectl -n '__hecatectl_using runs abort' -l reason -r -f -d 'why; it is kept with the run'
complete -c hecatectl -n '__hecatectl_using runs abort' -l detach -d 'end when the abort is accepted, without waiting for the step'
complete -c hecatectl -n '__hecatectl_at 0 runs abort' -f -a '(__hecatectl_names runs)'
complete -c hecatectl -n '__hecatectl_only power' -f -a status -d 'show every UPS, and how far it is from a shutdown'
complete -c hecatectl -n '__hecatectl_only power' -f -a explain -d 'say of every UPS why a shutdown begins, or does not'
complete -c hecatectl -n '__hecatectl_only power' -f -a test -d 'play a recorded discharge through the decision'
complete -c hecatectl -n '__hecatectl_using power test' -l scenario -r -F -d 'the recorded discharge'
complete -c hecatectl -n '__hecatectl_using power test' -l ups -r -f -d 'what the UPS in it is called; one of the declared ones'
complete -c hecatectl -n '__hecatectl_only power' -f -a rehearse -d 'shut the cluster down for real, and leave every host on'
complete -c hecatectl -n '__hecatectl_using power rehearse' -l confirm -r -f -d 'the name of the site: do it without asking'
complete -c hecatectl -n '__hecatectl_using power rehearse' -l detach -d 'do not watch: print the id of the run and end'
complete -c hecatectl -n '__hecatectl_using power rehearse' -l reason -r -f -d 'why; it is kept with the run and told to hooks; "rehearsal" when not given'
complete -c hecatectl -n '__hecatectl_using power rehearse' -l time-limit -r -f -d 'as a battery would give it: what the plan may shorten or leave out is chosen by it'
complete -c hecatectl -n __hecatectl_no_command -f -a list-unit-files -d 'list unit files and whether they are enabled'
complete -c hecatectl -n '__hecatectl_using list-unit-files' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using list-unit-files' -l state -r -f -d 'only files in these states, like enabled or masked'
complete -c hecatectl -n '__hecatectl_at 0 list-unit-files' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ list-unit-files' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a is-enabled -d 'ask whether units start at boot'
complete -c hecatectl -n '__hecatectl_using is-enabled' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 is-enabled' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ is-enabled' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a enable -d 'let units start at boot'
complete -c hecatectl -n '__hecatectl_using enable' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using enable' -l runtime -d 'only until the next reboot of the node'
complete -c hecatectl -n '__hecatectl_using enable' -l force -s f -d 'replace links that are in the way'
complete -c hecatectl -n '__hecatectl_at 0 enable' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ enable' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a disable -d 'no longer start units at boot'
complete -c hecatectl -n '__hecatectl_using disable' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using disable' -l runtime -d 'only until the next reboot of the node'
complete -c hecatectl -n '__hecatectl_at 0 disable' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ disable' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a mask -d 'make it impossible to start units'
complete -c hecatectl -n '__hecatectl_using mask' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using mask' -l runtime -d 'only until the next reboot of the node'
complete -c hecatectl -n '__hecatectl_using mask' -l force -s f -d 'replace links that are in the way'
complete -c hecatectl -n '__hecatectl_at 0 mask' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ mask' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a unmask -d 'undo mask'
complete -c hecatectl -n '__hecatectl_using unmask' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_using unmask' -l runtime -d 'only until the next reboot of the node'
complete -c hecatectl -n '__hecatectl_at 0 unmask' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ unmask' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a cat -d 'show the files of units'
complete -c hecatectl -n '__hecatectl_using cat' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 cat' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1+ cat' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a daemon-reload -d 'let systemd read its unit files again'
complete -c hecatectl -n '__hecatectl_using daemon-reload' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 daemon-reload' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a get-default -d 'show the target that a node boots into'
complete -c hecatectl -n '__hecatectl_using get-default' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 get-default' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a set-default -d 'set the target that a node boots into'
complete -c hecatectl -n '__hecatectl_using set-default' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 set-default' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_at 1 set-default' -f -a '(__hecatectl_names units)'
complete -c hecatectl -n __hecatectl_no_command -f -a health -d 'ask whether the site is well'
complete -c hecatectl -n __hecatectl_no_command -f -a doctor -d 'find out why a node does not come online'
complete -c hecatectl -n '__hecatectl_at 0 doctor' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a metrics -d 'print the metrics of the manager'
complete -c hecatectl -n __hecatectl_no_command -f -a daemon -d 'become the manager of this host, in the foreground'
complete -c hecatectl -n __hecatectl_no_command -f -a set-log-level -d 'change how much the manager or agents log'
complete -c hecatectl -n '__hecatectl_using set-log-level' -l all -s a -d 'every node of the site; takes the place of NODE'
complete -c hecatectl -n '__hecatectl_at 0 set-log-level' -f -a 'trace debug info warn error fatal silent'
complete -c hecatectl -n '__hecatectl_at 1 set-log-level' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n __hecatectl_no_command -f -a backup -d 'write configuration, authority and state of the manager into one file'
complete -c hecatectl -n '__hecatectl_at 0 backup' -F
complete -c hecatectl -n __hecatectl_no_command -f -a restore -d 'make the manager of this host out of a backup'
complete -c hecatectl -n '__hecatectl_using restore' -l check -d 'only look whether the backup is whole, and say what is in it'
complete -c hecatectl -n '__hecatectl_using restore' -l keep-config -d 'leave the configuration as it is, and restore the state to where that says'
complete -c hecatectl -n '__hecatectl_using restore' -l force -d 'keep aside what is there, rather than refuse'
complete -c hecatectl -n '__hecatectl_at 0 restore' -F
complete -c hecatectl -n '__hecatectl_only ca' -f -a init -d 'make the certificate authority of the site'
complete -c hecatectl -n '__hecatectl_using ca init' -l site -r -f -d 'the site\'s name in the certificate; that of the configuration when not given'
complete -c hecatectl -n '__hecatectl_only node' -f -a enroll -d 'make a join token for a node'
complete -c hecatectl -n '__hecatectl_using node enroll' -l lifetime -r -f -d 'how long the token may be used, like 15min or 2h; the manager\'s trust.token_lifetime when not given'
complete -c hecatectl -n '__hecatectl_at 0 node enroll' -f
complete -c hecatectl -n '__hecatectl_only node' -f -a revoke -d 'take away the access of a node'
complete -c hecatectl -n '__hecatectl_at 0 node revoke' -f -a '(__hecatectl_names nodes)'
complete -c hecatectl -n '__hecatectl_only node' -f -a list -d 'list nodes and their certificates'
complete -c hecatectl -n '__hecatectl_only operator' -f -a enroll -d 'make a join token for a person'
complete -c hecatectl -n '__hecatectl_using operator enroll' -l role -r -f -a 'viewer operator admin' -d 'what the operator may do; viewer when not given'
complete -c hecatectl -n '__hecatectl_using operator enroll' -l lifetime -r -f -d 'how long the token may be used, like 15min or 2h; the manager\'s trust.token_lifetime when not given'
complete -c hecatectl -n '__hecatectl_at 0 operator enroll' -f
complete -c hecatectl -n '__hecatectl_only operator' -f -a revoke -d 'take away the access of an operator'
complete -c hecatectl -n '__hecatectl_at 0 operator revoke' -f
complete -c hecatectl -n '__hecatectl_only operator' -f -a list -d 'list operators and their certificates'
complete -c hecatectl -n __hecatectl_no_command -f -a join -d 'get a certificate of your own with a join token'
complete -c hecatectl -n '__hecatectl_using join' -l token-file -r -F -d 'read the token from this file instead of stdin'
complete -c hecatectl -n __hecatectl_no_command -f -a version -d 'print the versions of hecatectl and of the manager'
complete -c hecatectl -n '__hecatectl_using version' -l client -d 'this program only: nothing is connected to'
complete -c hecatectl -n __hecatectl_no_command -f -a completion -d 'print the completion script of a shell'
complete -c hecatectl -n '__hecatectl_at 0 completion' -f -a 'bash zsh fish'
complete -c hecate -w hecatectl
