/**
 * Commands as data: what a command is called, takes, prints and ends with. The parser, `--help`, the man pages
 * and the completions are all made from these definitions, so that they cannot disagree.
 */
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';

/** What the shell offers for a word. */
export type Completion = 'nodes' | 'units' | 'plans' | 'runs' | 'files' | 'directories' | 'commands' | 'none';

export interface ArgumentDefinition {
  /** As shown: NODE, UNIT, CMD. */
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** Takes all words that are left; only the last argument may. */
  readonly isVariadic: boolean;
  readonly completion: Completion;
  readonly choices?: readonly string[];
  /** The node argument, which `--all` stands in for. */
  readonly isNodeSelection?: true;
}

export interface OptionDefinition {
  /** Without dashes. */
  readonly long: string;
  readonly short?: string;
  /** As shown: DURATION. Absent: the option is a flag. */
  readonly valueName?: string;
  /** May be given several times; a value may also hold several, with commas between. */
  readonly isRepeatable?: true;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly completion?: Completion;
  /** Takes the place of NODE. (In list-units --all means inactive units, as with systemctl.) */
  readonly isEveryNode?: true;
}

export interface Example {
  readonly command: string;
  readonly explanation: string;
}

export const commandGroups = {
  look: 'Look at nodes and units',
  operate: 'Change units',
  runs: 'Runs: plans carried out',
  files: 'Unit files',
  fleet: 'The fleet and its manager',
  trust: 'Certificates and access',
  tool: 'This program',
} as const;
export type CommandGroup = keyof typeof commandGroups;

export interface CommandDefinition {
  /** One word, or two: "node enroll". */
  readonly name: string;
  readonly group: CommandGroup;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly Example[];
  /** Every end that is particular to the command; the general ones are added by the documents. */
  readonly exits: readonly ExitName[];
  /** The JSON schema of `-o json`, ctl/schema/NAME.json. Absent: the command prints text only. */
  readonly schema?: string;
  /** Prints as things happen: `-o json` then means one object per line. */
  readonly isStream?: true;
  /** It asks no manager: --config is its own, and nothing is looked for in it. */
  readonly isWithoutManager?: true;
}

/** Ends that every command which talks to the manager can have. */
export const generalExits: readonly ExitName[] = [
  'success',
  'usage',
  'refused',
  'unavailable',
  'protocol',
  'internal',
  'interrupted',
];

export const nodeArgument: ArgumentDefinition = {
  name: 'NODE',
  description:
    'a node, several with commas between, or a pattern (*, ?, [a-z]); --all in its place means every node',
  isRequired: true,
  isVariadic: false,
  completion: 'nodes',
  isNodeSelection: true,
};

export const unitsArgument: ArgumentDefinition = {
  name: 'UNIT',
  description:
    'a unit, several with commas between, or a pattern over the loaded units; a name without a suffix means .service',
  isRequired: true,
  isVariadic: true,
  completion: 'units',
};

export const optional = (argument: ArgumentDefinition): ArgumentDefinition => ({
  ...argument,
  isRequired: false,
});

export const single = (argument: ArgumentDefinition): ArgumentDefinition => ({
  ...argument,
  isVariadic: false,
});

/** `--all`, for every command whose NODE it may replace. */
export const allNodesOption: OptionDefinition = {
  long: 'all',
  short: 'a',
  description: 'every node of the site; takes the place of NODE',
  isEveryNode: true,
};

/** `start NODE UNIT...` */
export function usageLine(definition: CommandDefinition): string {
  const words = definition.arguments.map((argument) => {
    const name = argument.isVariadic ? `${argument.name}...` : argument.name;
    return argument.isRequired ? name : `[${name}]`;
  });
  return ['hecatectl', definition.name, '[OPTIONS]', ...words].join(' ');
}

/** `-t, --timeout DURATION` */
export function optionFlags(option: OptionDefinition): string {
  const value = option.valueName ? ` ${option.valueName}` : '';
  return `${option.short ? `-${option.short}, ` : ''}--${option.long}${value}`;
}
