import t from 'tap';
import { decodeBase64Url, encodeBase64Url } from '../../src/core/base64url.ts';

t.test('agrees with Node over lengths and values', async (t) => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 151 + length * 7) & 0xff);
    const text = encodeBase64Url(bytes);
    t.equal(text, Buffer.from(bytes).toString('base64url'));
    t.strictSame(decodeBase64Url(text), bytes);
  }
});

t.test('one text for each byte string', async (t) => {
  for (const wrong of ['A', 'AA==', 'AB', 'AAB', 'A+', 'A/', 'A A', 'AAAAA', 'é', 'AA\n']) {
    t.equal(decodeBase64Url(wrong), undefined, JSON.stringify(wrong));
  }
});
