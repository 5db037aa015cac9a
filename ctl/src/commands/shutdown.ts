import { startCommand } from '../start-run.ts';

export const command = startCommand({
  name: 'shutdown',
  summary: 'stop the cluster and power it off, or try whether',
  description: [
    'Runs the plan shutdown: the one that the configuration declares under this name, or the built-in one, which stops agents, servers and storage, and powers the hosts off, none while one that depends on it is up, and the host of the manager last.',
    'It takes the nodes over from a startup or a sequence that is going on, and joins a shutdown that is going on. From the first poweroff on it cannot be aborted. When the host of the manager goes off as the last step, the connection ends with it: that is to be expected, and counts as the end that was asked for.',
  ],
  examples: [
    { command: 'hecatectl shutdown', explanation: 'what would be done, and whether it would work' },
    {
      command: 'hecatectl shutdown --mode cluster-only --execute',
      explanation: 'stops the cluster and leaves every host on',
    },
    {
      command: 'hecatectl shutdown --execute --time-limit 8min --reason "battery at 40 %"',
      explanation: 'leaves out what the plan allows to leave out, so that it fits into eight minutes',
    },
    {
      command: 'hecatectl shutdown --config /etc/hecate/hecate.yaml --execute',
      explanation: 'asks the manager whose configuration this is',
    },
  ],
  planOf: () => 'shutdown',
});
