/**
 * Commander, built from a command's definition: it takes the lines that the quick parser is not sure of, and
 * says what is wrong with those that nobody can take.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { Command, CommanderError, Option } from 'commander';
import {
  type CommandDefinition,
  type OptionDefinition,
  optionFlags,
  usageLine,
} from './core/command-definition.ts';
import type { ParsedLine } from './core/command-line.ts';

const flagsOf = (option: OptionDefinition): string =>
  option.valueName ? optionFlags({ ...option, valueName: '<value>' }) : optionFlags(option);

/** @throws HEC_USAGE with commander's sentence */
export function parseWithCommander(
  definition: CommandDefinition,
  options: readonly OptionDefinition[],
  argv: readonly string[],
): ParsedLine {
  const values = new Map<string, string[]>();
  const program = new Command(definition.name)
    .helpOption(false)
    .argument('[words...]')
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const option of options) {
    program.addOption(new Option(flagsOf(option), option.description));
    program.on(`option:${option.long}`, (value: string | null) => {
      const before = option.isRepeatable ? (values.get(option.long) ?? []) : [];
      values.set(option.long, [...before, value ?? '']);
    });
  }
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const sentence = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
    throw new HecateError(
      'HEC_USAGE',
      `${definition.name}: ${sentence}`,
      `usage: ${usageLine(definition)} (more: hecatectl ${definition.name} --help)`,
      error,
    );
  }
  return { words: program.args, options: values };
}
