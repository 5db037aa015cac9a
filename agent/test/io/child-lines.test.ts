import t from 'tap';
import { linesOf } from '../../src/io/child-lines.ts';

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

async function all(lines: AsyncIterable<string[]>): Promise<string[]> {
  const seen: string[] = [];
  for await (const batch of lines) seen.push(...batch);
  return seen;
}

const collect = (...texts: string[]): Promise<string[]> => all(linesOf(chunks(...texts)));

t.test('whole lines, wherever the chunks break', async (t) => {
  t.same(await collect('one\ntw', 'o\nthr', 'ee', '\n'), ['one', 'two', 'three']);
  t.same(await collect('no end'), ['no end']);
  t.same(await collect(), []);
});

t.test('a character that is cut in two', async (t) => {
  const bytes = Buffer.from('ü\n');
  async function* halves(): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, 1);
    yield bytes.subarray(1);
  }
  t.same(await all(linesOf(halves())), ['ü']);
});

t.test('an endless line takes no memory (I14)', async (t) => {
  const lines = await collect(...Array.from({ length: 50 }, () => 'x'.repeat(100_000)), '\nnext\n');
  t.equal(lines.at(-1), 'next');
  t.ok((lines[0]?.length ?? 0) <= 1024 * 1024 + 100_000);
});
