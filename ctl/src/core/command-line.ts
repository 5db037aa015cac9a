/**
 * The command line, cut into words and option values by the definitions. This is the quick way, which takes
 * what is plainly well formed and nothing else: whatever it is not sure of goes to commander, built from the
 * same definitions, which either takes it or says what is wrong. A test holds the two together. (Loading
 * commander costs a third of a whole `hecatectl list-nodes`.)
 */
import type { OptionDefinition } from './command-definition.ts';

/** Option (long name) → its values; a flag that was given has the one value ''. */
export type OptionValues = ReadonlyMap<string, readonly string[]>;

export interface ParsedLine {
  readonly words: readonly string[];
  readonly options: OptionValues;
}

interface Reader {
  readonly words: string[];
  readonly options: Map<string, string[]>;
}

function note(reader: Reader, option: OptionDefinition, value: string): void {
  const values = reader.options.get(option.long);
  if (values && option.isRepeatable) values.push(value);
  else reader.options.set(option.long, [value]);
}

/** `-q`, `-ojson`, `-o json`: how many further words were taken, or undefined when commander must decide. */
function readShort(
  reader: Reader,
  text: string,
  next: string | undefined,
  options: readonly OptionDefinition[],
): number | undefined {
  const option = options.find(({ short }) => short === text[1]);
  if (!option) return undefined;
  if (option.valueName) {
    if (text.length > 2) {
      note(reader, option, text.slice(2));
      return 0;
    }
    if (next === undefined || next.startsWith('-')) return undefined;
    note(reader, option, next);
    return 1;
  }
  if (text.length > 2) return undefined;
  note(reader, option, '');
  return 0;
}

function readLong(
  reader: Reader,
  text: string,
  next: string | undefined,
  options: readonly OptionDefinition[],
): number | undefined {
  const equals = text.indexOf('=');
  const name = text.slice(2, equals < 0 ? undefined : equals);
  const option = options.find(({ long }) => long === name);
  if (!option) return undefined;
  if (!option.valueName) {
    if (equals >= 0) return undefined;
    note(reader, option, '');
    return 0;
  }
  if (equals >= 0) {
    if (equals === text.length - 1) return undefined;
    note(reader, option, text.slice(equals + 1));
    return 0;
  }
  if (next === undefined || next.startsWith('-')) return undefined;
  note(reader, option, next);
  return 1;
}

/** @returns undefined when the line is not plainly well formed */
export function parseLine(
  argv: readonly string[],
  options: readonly OptionDefinition[],
): ParsedLine | undefined {
  const reader: Reader = { words: [], options: new Map() };
  for (let i = 0; i < argv.length; i += 1) {
    const text = argv[i] ?? '';
    if (text === '--') {
      reader.words.push(...argv.slice(i + 1));
      break;
    }
    if (!text.startsWith('-') || text === '-') {
      reader.words.push(text);
      continue;
    }
    const read = text.startsWith('--') ? readLong : readShort;
    const taken = read(reader, text, argv[i + 1], options);
    if (taken === undefined) return undefined;
    i += taken;
  }
  return { words: reader.words, options: reader.options };
}

export interface FoundCommand {
  /** "start", "node enroll"; empty when there is no word at all. */
  readonly name: string;
  /** The line without the words of the name. */
  readonly rest: readonly string[];
}

/**
 * The command's name is the first word that is no option and no option's value; options may stand before it
 * when they are among the `early` ones.
 * @param names of all commands. `plan check` is one and `plan` is one: of `plan shutdown`, the second word is an operand
 */
export function findCommand(
  argv: readonly string[],
  early: readonly OptionDefinition[],
  names: ReadonlySet<string>,
): FoundCommand {
  const takesNext = (text: string): boolean =>
    early.some(
      ({ long, short, valueName }) =>
        valueName !== undefined && (text === `--${long}` || (short !== undefined && text === `-${short}`)),
    );
  let first = 0;
  while (first < argv.length && argv[first]?.startsWith('-')) {
    if (argv[first] === '--') return { name: '', rest: argv };
    first += takesNext(argv[first] ?? '') ? 2 : 1;
  }
  const word = argv[first];
  if (word === undefined) return { name: '', rest: argv };
  const second = argv[first + 1];
  const both = `${word} ${second}`;
  const isGroup = !names.has(word) && [...names].some((name) => name.startsWith(`${word} `));
  const isWord = second !== undefined && !second.startsWith('-');
  if (isWord && (names.has(both) || isGroup)) return { name: both, rest: argv.toSpliced(first, 2) };
  return { name: word, rest: argv.toSpliced(first, 1) };
}
