/** A YAML file with its places: text → plain values, and from a key back to line and column. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { Finding, KeyPath } from './finding.ts';

export interface YamlSource {
  /** Maps, lists and scalars; an empty file is an empty map. */
  readonly value: unknown;
  /** What is wrong with the text itself. */
  readonly findings: readonly Finding[];
  /** Whether `value` is worth checking: the text could be understood. */
  readonly understood: boolean;
  /** Line and column of a key or a list item; of the nearest thing around it when it is missing. */
  placeOf(path: KeyPath): { line: number; column: number };
  /** What stands there, in words. */
  foundAt(path: KeyPath): string;
}

interface Located {
  /** Where an error about it points to. */
  readonly offset: number;
  readonly node: Node | undefined;
}

const keyOf = (pair: Pair): unknown => (isScalar(pair.key) ? pair.key.value : undefined);

function locate(document: Document, path: KeyPath): Located {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((item) => isPair(item) && String(keyOf(item)) === part);
      if (pair === undefined) return { offset, node: undefined };
      node = pair.value;
      offset = (pair.key as Node).range?.[0] ?? offset;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else return { offset, node: undefined };
  }
  return { offset, node: node === null ? undefined : (node as Node | undefined) };
}

/** Longest piece of the file that an error message repeats. */
const quoteLengthMax = 60;

function inWords(node: Node | undefined): string {
  if (isMap(node)) return 'a map of keys';
  if (isSeq(node)) return `a list of ${node.items.length}`;
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value === 'string') return JSON.stringify(node.value.slice(0, quoteLengthMax));
  return `the ${typeof node.value} ${(node.source ?? String(node.value)).slice(0, quoteLengthMax)}`;
}

/** The library's own codes, in our words. */
const known: Partial<Record<YAMLError['code'], Pick<Finding, 'found' | 'expected' | 'remedy'>>> = {
  DUPLICATE_KEY: {
    found: 'the same key again',
    expected: 'expected each key once',
    remedy: 'remove one of them',
  },
  TAB_AS_INDENT: {
    found: 'a tab as indentation',
    expected: 'expected spaces',
    remedy: 'replace the tabs at the beginning of the line by spaces',
  },
  MULTIPLE_DOCS: {
    found: 'a second document',
    expected: 'expected one document',
    remedy: 'remove the "---" and what follows, or join the two',
  },
};

function syntaxFinding(error: YAMLError, text: string, lines: LineCounter): Finding {
  const { line, col: column } = lines.linePos(error.pos[0]);
  const sentence = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
  const words = known[error.code] ?? {
    found: `text that is not YAML (${sentence})`,
    expected: 'expected "key: value"',
    remedy: 'look at the indentation, the quotes and the brackets here',
  };
  const isDuplicate = error.code === 'DUPLICATE_KEY';
  const key = isDuplicate ? (/^[\w"'-]{1,60}/.exec(text.slice(error.pos[0])) ?? [''])[0] : '';
  return { line, column, key, ...words };
}

/** Anchors are refused: an alias can stand for any amount of text, and no key here needs one. */
function aliasFindings(document: Document, lines: LineCounter): Finding[] {
  const findings: Finding[] = [];
  visit(document, (_, node) => {
    if (!isAlias(node)) return;
    const { line, col: column } = lines.linePos(node.range?.[0] ?? 0);
    findings.push({
      line,
      column,
      key: '',
      found: `the alias *${node.source.slice(0, quoteLengthMax)}`,
      expected: 'expected the value itself',
      remedy: 'write the value out',
    });
  });
  return findings;
}

type KeyFinding = Pick<Finding, 'key' | 'found' | 'expected' | 'remedy'>;

function badKey(key: Node | null): KeyFinding | undefined {
  if (!isScalar(key) || typeof key.value !== 'string') {
    const found = `${inWords(key ?? undefined)} as a key`;
    return { key: '', found, expected: 'expected a word', remedy: 'quote it, or remove it' };
  }
  if (key.value !== '__proto__') return undefined;
  // In a map of names the schema would pass over it without a word.
  return { key: key.value, found: 'an unknown key', expected: 'expected another name', remedy: 'remove it' };
}

function badKeyFindings(document: Document, lines: LineCounter): Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Pair: (_, pair) => {
      const key = pair.key as Node | null;
      const finding = badKey(key);
      if (finding === undefined) return;
      const { line, col: column } = lines.linePos(key?.range?.[0] ?? 0);
      findings.push({ line, column, ...finding });
    },
  });
  return findings;
}

/** A gate's conditions nest, and what reads them goes down with them; the file's own form is 12 deep. */
const depthMax = 32;

function depthFindings(document: Document, lines: LineCounter): Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Collection: (_, node, path) => {
      if (path.filter(isCollection).length < depthMax) return undefined;
      const { line, col: column } = lines.linePos(node.range?.[0] ?? 0);
      findings.push({
        line,
        column,
        key: '',
        found: `${inWords(node)} within ${depthMax} others`,
        expected: `expected at most ${depthMax} within each other`,
        remedy: 'write it flatter',
      });
      return visit.SKIP;
    },
  });
  return findings;
}

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, logLevel: 'error' });
  const findings = [...document.errors, ...document.warnings].map((error) =>
    syntaxFinding(error, text, lines),
  );
  const structure = [
    ...aliasFindings(document, lines),
    ...badKeyFindings(document, lines),
    ...depthFindings(document, lines),
  ];
  const understood =
    structure.length === 0 &&
    document.warnings.length === 0 &&
    document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  const placeOf = (path: KeyPath): { line: number; column: number } => {
    const { line, col: column } = lines.linePos(locate(document, path).offset);
    return { line: Math.max(1, line), column: Math.max(1, column) };
  };
  return {
    value: understood ? (document.toJS() ?? {}) : undefined,
    findings: [...findings, ...structure],
    understood,
    placeOf,
    foundAt: (path) => inWords(locate(document, path).node),
  };
}
