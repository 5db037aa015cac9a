import { HecateError } from '@hecate/proto/core/errors.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { type CommandDefinition, type OptionDefinition, usageLine } from './command-definition.ts';
import type { OptionValues, ParsedLine } from './command-line.ts';

/** One call of a command: its words bound to its arguments, its options checked. */
export class Invocation {
  readonly definition: CommandDefinition;
  readonly #operands: ReadonlyMap<string, readonly string[]>;
  readonly #options: OptionValues;
  readonly #known: ReadonlySet<string>;

  constructor(
    definition: CommandDefinition,
    operands: ReadonlyMap<string, readonly string[]>,
    options: OptionValues,
    known: ReadonlySet<string>,
  ) {
    this.definition = definition;
    this.#operands = operands;
    this.#options = options;
    this.#known = known;
  }

  /** The words of an argument; none when it is optional and was left out. */
  operands(name: string): readonly string[] {
    if (!this.definition.arguments.some((argument) => argument.name === name)) {
      throw new Error(`${this.definition.name} has no argument ${name}`);
    }
    return this.#operands.get(name) ?? [];
  }

  operand(name: string): string | undefined {
    return this.operands(name)[0];
  }

  flag(long: string): boolean {
    return this.#values(long) !== undefined;
  }

  text(long: string): string | undefined {
    return this.#values(long)?.[0];
  }

  /** All values of a repeatable option, comma lists taken apart. */
  texts(long: string): string[] {
    return (this.#values(long) ?? []).flatMap((value) => value.split(',')).filter((value) => value !== '');
  }

  #values(long: string): readonly string[] | undefined {
    if (!this.#known.has(long)) throw new Error(`${this.definition.name} has no option --${long}`);
    return this.#options.get(long);
  }
}

const usage = (definition: CommandDefinition, message: string): HecateError =>
  new HecateError(
    'HEC_USAGE',
    `${definition.name}: ${message}`,
    `usage: ${usageLine(definition)} (more: hecatectl ${definition.name} --help)`,
  );

function checkChoice(
  definition: CommandDefinition,
  what: string,
  value: string,
  choices: readonly string[],
): void {
  if (choices.includes(value)) return;
  const near = nearestWord(value, choices);
  const shown = JSON.stringify(value.slice(0, 40));
  throw usage(
    definition,
    `${what} cannot be ${shown}, expected one of ${choices.join(', ')}${near ? `; did you mean ${near}?` : ''}`,
  );
}

function checkOptions(
  definition: CommandDefinition,
  options: readonly OptionDefinition[],
  values: OptionValues,
): void {
  for (const option of options) {
    const { choices, long } = option;
    for (const value of values.get(long) ?? []) {
      if (option.valueName && value === '') throw usage(definition, `--${long} has an empty value`);
      if (!choices) continue;
      const parts = option.isRepeatable ? value.split(',') : [value];
      for (const part of parts) checkChoice(definition, `--${long}`, part, choices);
    }
  }
}

function bindWords(
  definition: CommandDefinition,
  line: ParsedLine,
  isEveryNode: boolean,
): Map<string, string[]> {
  const bound = new Map<string, string[]>();
  const words = [...line.words];
  for (const argument of definition.arguments) {
    if (argument.isNodeSelection && isEveryNode) continue;
    const taken = words.splice(0, argument.isVariadic ? words.length : 1);
    if (taken.length === 0 && argument.isRequired) {
      const all = argument.isNodeSelection ? ' (or --all)' : '';
      throw usage(definition, `${argument.name}${all} is missing: ${argument.description}`);
    }
    if (argument.choices) {
      for (const word of taken) checkChoice(definition, argument.name, word, argument.choices);
    }
    if (taken.length > 0) bound.set(argument.name, taken);
  }
  if (words.length > 0) {
    const hint = isEveryNode ? '; with --all there is no NODE' : '';
    throw usage(definition, `${JSON.stringify(words[0])} is one word too many${hint}`);
  }
  return bound;
}

/**
 * @param options the command's and the general ones
 * @throws HEC_USAGE
 */
export function bindInvocation(
  definition: CommandDefinition,
  options: readonly OptionDefinition[],
  line: ParsedLine,
): Invocation {
  checkOptions(definition, options, line.options);
  const isEveryNode = definition.options.some(
    (option) => option.isEveryNode && line.options.has(option.long),
  );
  const operands = bindWords(definition, line, isEveryNode);
  return new Invocation(definition, operands, line.options, new Set(options.map(({ long }) => long)));
}
