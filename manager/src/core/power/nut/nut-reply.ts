/** Lines → the reply to one command: a line, or a list between BEGIN and END. */
import { excerpt, NutProtocolError, nutLimits, variableOf, wordsOf } from './nut-line.ts';

/** What a command is answered with, when it is not refused. */
export type ExpectedReply =
  | { readonly type: 'line' }
  /** All variables of this UPS, by its name on the server. */
  | { readonly type: 'variables'; readonly ups: string }
  /** CMD: the commands that it offers · RW: the variables that can be set. */
  | { readonly type: 'names'; readonly kind: 'CMD' | 'RW'; readonly ups: string };

export type NutVariables = ReadonlyMap<string, string>;

export type NutReply =
  | { readonly type: 'line'; readonly text: string }
  | { readonly type: 'variables'; readonly variables: NutVariables }
  | { readonly type: 'names'; readonly names: ReadonlySet<string> }
  /** `ERR <code>`. */
  | { readonly type: 'refused'; readonly code: string };

/** Reads the lines of one reply. */
export class ReplyReader {
  readonly #expected: ExpectedReply;
  #variables: Map<string, string> | undefined;
  /** Lines, not names: one name again and again is no list either. */
  #items = 0;

  constructor(expected: ExpectedReply) {
    this.#expected = expected;
  }

  /**
   * @returns the reply, when this was its last line
   * @throws NutProtocolError for a line that cannot stand here
   */
  read(line: string): NutReply | undefined {
    if (this.#variables) return this.#readItem(line, this.#variables);
    const [first = '', code = ''] = line.split(' ');
    if (first === 'ERR') return { type: 'refused', code };
    if (this.#expected.type === 'line') return readLine(line);
    if (!isListMark('BEGIN', line, listOf(this.#expected))) {
      throw new NutProtocolError(
        `${excerpt(line)} instead of the variables of ${excerpt(this.#expected.ups)}`,
      );
    }
    this.#variables = new Map();
    return undefined;
  }

  #readItem(line: string, variables: Map<string, string>): NutReply | undefined {
    const expected = this.#expected;
    if (expected.type === 'line') throw new TypeError('a line is no list');
    const { ups } = expected;
    if (isListMark('END', line, listOf(expected)))
      return expected.type === 'names'
        ? { type: 'names', names: new Set(variables.keys()) }
        : { type: 'variables', variables };
    const item = expected.type === 'names' ? nameOf(line, expected.kind) : variableOf(line);
    if (item?.ups !== ups)
      throw new NutProtocolError(`${excerpt(line)} among the variables of ${excerpt(ups)}`);
    this.#items += 1;
    if (this.#items > nutLimits.variablesMax) {
      throw new NutProtocolError(`more than ${nutLimits.variablesMax} variables of ${excerpt(ups)}`);
    }
    variables.set(item.name, item.value);
    return undefined;
  }
}

function readLine(line: string): NutReply {
  if (line === '') throw new NutProtocolError('an empty line instead of a reply');
  return { type: 'line', text: line };
}

type ExpectedList = Exclude<ExpectedReply, { type: 'line' }>;

const listOf = (expected: ExpectedList): readonly string[] => [
  expected.type === 'names' ? expected.kind : 'VAR',
  expected.ups,
];

function isListMark(mark: 'BEGIN' | 'END', line: string, list: readonly string[]): boolean {
  const words = wordsOf(line);
  return words?.length === 4 && [mark, 'LIST', ...list].every((word, index) => words[index] === word);
}

/** `CMD ups name`, `RW ups name "value"`; of the value nothing is kept. */
function nameOf(line: string, kind: 'CMD' | 'RW') {
  const [first, ups = '', name] = wordsOf(line) ?? line.split(' ');
  return first === kind && name !== undefined ? { ups, name, value: '' } : undefined;
}
