import t from 'tap';
import { nutLimits } from '../../../../src/core/power/nut/nut-line.ts';
import { type NutReply, ReplyReader } from '../../../../src/core/power/nut/nut-reply.ts';

const variablesOfRack = { type: 'variables', ups: 'rack' } as const;

/** The reply that these lines are; undefined: there must come more. */
function replyOf(reader: ReplyReader, lines: readonly string[]): NutReply | undefined {
  const replies = lines.map((line) => reader.read(line));
  return replies.at(-1);
}

const list = (...lines: string[]): string[] => ['BEGIN LIST VAR rack', ...lines, 'END LIST VAR rack'];

t.test('one line', async (t) => {
  const read = (line: string) => new ReplyReader({ type: 'line' }).read(line);
  t.same(read('OK Goodbye'), { type: 'line', text: 'OK Goodbye' });
  t.same(read('Network UPS Tools upsd 2.8.0'), { type: 'line', text: 'Network UPS Tools upsd 2.8.0' });
  t.same(read('ERR ACCESS-DENIED'), { type: 'refused', code: 'ACCESS-DENIED' });
  t.same(read('ERR INVALID-ARGUMENT more words'), { type: 'refused', code: 'INVALID-ARGUMENT' });
  t.same(read('ERR'), { type: 'refused', code: '' });
  t.throws(() => read(''), { code: 'HEC_PROTOCOL' });
});

t.test('a list', async (t) => {
  const reply = replyOf(
    new ReplyReader(variablesOfRack),
    list('VAR rack ups.status "OL"', 'VAR rack ups.model "19" one"', 'VAR rack ups.status "OB"'),
  );
  t.equal(reply?.type, 'variables');
  if (reply?.type !== 'variables') return;
  t.same(
    [...reply.variables],
    [
      ['ups.status', 'OB'],
      ['ups.model', '19" one'],
    ],
    'the last word counts',
  );
  t.equal(replyOf(new ReplyReader(variablesOfRack), list().slice(0, 1)), undefined, 'not yet at its end');
  t.match(replyOf(new ReplyReader(variablesOfRack), list()), { type: 'variables' }, 'an empty one');
  t.same(new ReplyReader(variablesOfRack).read('ERR DATA-STALE'), { type: 'refused', code: 'DATA-STALE' });
});

t.test('a name with blanks', async (t) => {
  const reader = new ReplyReader({ type: 'variables', ups: 'my rack' });
  const reply = replyOf(reader, [
    'BEGIN LIST VAR "my rack"',
    'VAR "my rack" a "1"',
    'END LIST VAR "my rack"',
  ]);
  t.equal(reply?.type === 'variables' && reply.variables.get('a'), '1');
});

t.test('a list of names: commands, and variables that can be set', async (t) => {
  const commands = { type: 'names', kind: 'CMD', ups: 'rack' } as const;
  const reply = replyOf(new ReplyReader(commands), [
    'BEGIN LIST CMD rack',
    'CMD rack load.off',
    'CMD rack shutdown.return',
    'END LIST CMD rack',
  ]);
  t.equal(reply?.type, 'names');
  t.same(reply?.type === 'names' && [...reply.names], ['load.off', 'shutdown.return']);
  const settable = replyOf(new ReplyReader({ type: 'names', kind: 'RW', ups: 'my rack' }), [
    'BEGIN LIST RW "my rack"',
    'RW "my rack" ups.delay.shutdown "20"',
    'END LIST RW "my rack"',
  ]);
  t.same(settable?.type === 'names' && [...settable.names], ['ups.delay.shutdown']);
  for (const line of ['CMD other load.off', 'VAR rack a "1"', 'CMD rack', 'END LIST VAR rack'])
    t.throws(
      () => replyOf(new ReplyReader(commands), ['BEGIN LIST CMD rack', line]),
      { code: 'HEC_PROTOCOL' },
      line,
    );
});

t.test('what cannot stand there', async (t) => {
  const table: [string, string[]][] = [
    ['no list', ['OK']],
    ['a list of another UPS', ['BEGIN LIST VAR other']],
    ['a variable of another UPS', list('VAR other ups.status "OB"')],
    ['another kind of item', list('CMD rack load.off')],
    ['an error in the middle', list('ERR DATA-STALE')],
    ['an empty line', list('')],
    ['a list in a list', list('BEGIN LIST VAR rack')],
  ];
  for (const [what, lines] of table) {
    t.throws(() => replyOf(new ReplyReader(variablesOfRack), lines), { code: 'HEC_PROTOCOL' }, what);
  }
});

t.test('a list has a limit, whatever the names in it', async (t) => {
  const many = (name: (index: number) => string, length: number) =>
    Array.from({ length }, (_, index) => `VAR rack ${name(index)} "1"`);
  const max = nutLimits.variablesMax;
  const reply = replyOf(new ReplyReader(variablesOfRack), list(...many((index) => `v${index}`, max)));
  t.equal(reply?.type === 'variables' && reply.variables.size, max);
  for (const name of [(index: number) => `v${index}`, () => 'same']) {
    const lines = list(...many(name, max + 1));
    t.throws(() => replyOf(new ReplyReader(variablesOfRack), lines), { message: /more than 2000/ });
  }
});
