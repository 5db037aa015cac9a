import t from 'tap';
import { parseWithCommander } from '../../src/commander-line.ts';
import { commandNames, loadCommand } from '../../src/commands/index.ts';
import { findCommand, type ParsedLine, parseLine } from '../../src/core/command-line.ts';
import { earlyOptions, globalOptions } from '../../src/global-options.ts';

const plain = (line: ParsedLine) => ({ words: [...line.words], options: Object.fromEntries(line.options) });

/** A small generator with a seed, so that a failure can be repeated (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

t.test('the quick parser agrees with commander on every line that it takes', async (t) => {
  const next = random(20261121);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  let taken = 0;
  for (const name of ['start', 'list-units', 'kill', 'exec', 'logs']) {
    const { definition } = await loadCommand(name);
    const options = [...definition.options, ...globalOptions];
    const flags = options.flatMap(({ long, short }) => [`--${long}`, ...(short ? [`-${short}`] : [])]);
    const pieces = [...flags, 'node-a', 'k3s', '-', '--', '', '-x', '--nope', 'a=b', '5s', 'json'];
    for (let round = 0; round < 1500; round += 1) {
      const argv = Array.from({ length: Math.floor(next() * 6) }, () => {
        const piece = pick(pieces);
        if (piece.startsWith('-') && next() < 0.25) return `${piece}=${pick(['json', '5', ''])}`;
        return /^-[a-z]$/.test(piece) && next() < 0.25 ? `${piece}${pick(['json', 'q', '5'])}` : piece;
      });
      const quick = parseLine(argv, options);
      if (!quick) continue;
      taken += 1;
      t.same(
        plain(quick),
        plain(parseWithCommander(definition, options, argv)),
        `${name} ${JSON.stringify(argv)}`,
      );
    }
  }
  t.ok(taken > 2000, `${taken} lines were taken`);
});

t.test('ordinary lines go the quick way', async (t) => {
  const { definition } = await loadCommand('start');
  const options = [...definition.options, ...globalOptions];
  for (const argv of [
    ['a', 'b'],
    ['--all', 'k3s', '-o', 'json', '--timeout=5s'],
    ['-q', 'a', 'b', '--no-legend'],
    ['a', '--', '-b'],
  ])
    t.ok(parseLine(argv, options), argv.join(' '));
});

t.test('commander says what is wrong', async (t) => {
  const { definition } = await loadCommand('start');
  const options = [...definition.options, ...globalOptions];
  t.throws(() => parseWithCommander(definition, options, ['--tiemout', '5s']), {
    code: 'HEC_USAGE',
    message: /Did you mean --timeout/,
  });
  t.throws(() => parseWithCommander(definition, options, ['--timeout']), {
    code: 'HEC_USAGE',
    message: /argument missing/,
  });
});

t.test('the command is found behind options', async (t) => {
  const find = (...argv: string[]) => findCommand(argv, earlyOptions, new Set(commandNames));
  t.same(find('start', 'a', 'b'), { name: 'start', rest: ['a', 'b'] });
  t.same(find('--all', 'start', 'b'), { name: 'start', rest: ['--all', 'b'] });
  t.same(find('-o', 'json', 'list-nodes'), { name: 'list-nodes', rest: ['-o', 'json'] });
  t.same(find('--output=json', 'node', 'list', '-q'), { name: 'node list', rest: ['--output=json', '-q'] });
  t.same(find('plan', 'shutdown'), { name: 'plan', rest: ['shutdown'] }, 'a command that begins others');
  t.same(find('plan', 'check', 'shutdown'), { name: 'plan check', rest: ['shutdown'] });
  t.same(find('plan', '--', 'check'), { name: 'plan', rest: ['--', 'check'] });
  t.same(find('node', 'lsit'), { name: 'node lsit', rest: [] }, 'for the error to name');
  t.same(find('node', '--help'), { name: 'node', rest: ['--help'] });
  t.same(find(), { name: '', rest: [] });
  t.same(find('--', 'start').name, '');
});
