/** Options that every command takes; they may stand before the command's name, too. */
import { allNodesOption, type OptionDefinition } from './core/command-definition.ts';

export const globalOptions: readonly OptionDefinition[] = [
  {
    long: 'output',
    short: 'o',
    valueName: 'FORMAT',
    description:
      'table for people; json for one document; jsonl for one object per line (what streams print with json, too)',
    choices: ['table', 'json', 'jsonl'],
  },
  {
    long: 'timeout',
    short: 't',
    valueName: 'DURATION',
    description: 'how long to wait at most, like 90s or 5min: 90s for operations, 30s for questions',
  },
  {
    long: 'socket',
    valueName: 'PATH',
    description: "the manager's Unix socket (HECATE_SOCKET; /run/hecate/manager.sock)",
    completion: 'files',
  },
  {
    long: 'manager',
    short: 'm',
    valueName: 'HOST[:PORT]',
    description: 'a manager on another host, with the identity that hecatectl join stored (HECATE_MANAGER)',
  },
  {
    long: 'identity',
    valueName: 'DIRECTORY',
    description: 'where the identity is stored (HECATE_IDENTITY; ~/.config/hecate)',
    completion: 'directories',
  },
  {
    long: 'config',
    valueName: 'FILE',
    description:
      'the configuration of the manager on this host; of it only the sockets are read, to find the manager',
    completion: 'files',
  },
  { long: 'no-legend', description: 'tables without headings' },
  {
    long: 'quiet',
    short: 'q',
    description:
      'no progress and no notes; with operations: failures only; errors keep their cause and next step',
  },
  { long: 'help', short: 'h', description: 'what the command does and takes' },
];

/** What is understood before the command's name. */
export const earlyOptions: readonly OptionDefinition[] = [
  ...globalOptions,
  { long: 'version', description: 'print the version' },
  allNodesOption,
];
