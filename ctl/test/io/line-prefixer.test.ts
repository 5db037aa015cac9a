import t from 'tap';
import { LinePrefixer } from '../../src/io/line-prefixer.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

t.test('whole lines, however they arrive', async (t) => {
  const text = 'one\ntwo ü\n\nthree';
  for (let size = 1; size < 8; size += 1) {
    const prefixer = new LinePrefixer('a: ');
    const bytes = encode(text);
    let shown = '';
    for (let i = 0; i < bytes.length; i += size) shown += decode(prefixer.push(bytes.slice(i, i + size)));
    t.equal(shown + decode(prefixer.end()), 'a: one\na: two ü\na: \na: three\n');
  }
  t.equal(decode(new LinePrefixer('a: ').end()), '');
});

t.test('a line without an end is cut, not kept for ever', async (t) => {
  const prefixer = new LinePrefixer('a: ');
  t.ok(prefixer.push(new Uint8Array(70_000).fill(120)).length > 70_000);
});
