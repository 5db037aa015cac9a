import { crc32 } from 'node:zlib';
import t from 'tap';
import { HecateError } from '../../src/core/errors.ts';
import {
  formatJoinToken,
  type JoinToken,
  parseJoinToken,
  redactJoinTokens,
} from '../../src/core/join-token.ts';

const token: JoinToken = {
  identity: { kind: 'node', name: 'web1.example' },
  tokenId: 'AAECAwQFBgcICQoL',
  secret: Uint8Array.from({ length: 16 }, (_, index) => 255 - index),
  fingerprint: 'ab'.repeat(32),
  addresses: ['hecate.example:2020', '192.0.2.1:2020', '[2001:db8::1]:2020'],
  expiresAtMs: 1_800_000_000_123,
};

const problemOf = (text: string): string => {
  try {
    parseJoinToken(text);
  } catch (error) {
    if (error instanceof HecateError && error.code === 'HEC_TOKEN') return error.message;
    throw error;
  }
  return '';
};

t.test('what was formatted is read back', async (t) => {
  const text = formatJoinToken(token);
  t.match(text, /^hecate-join-[A-Za-z0-9_-]+$/);
  t.strictSame(parseJoinToken(text), token);
  const admin: JoinToken = { ...token, identity: { kind: 'operator', name: 'ada', role: 'admin' } };
  t.strictSame(parseJoinToken(formatJoinToken(admin)), admin);
});

t.test('white space from a terminal or a mail is no harm', async (t) => {
  const text = formatJoinToken(token);
  t.strictSame(parseJoinToken(`  ${text.slice(0, 80)}\r\n  ${text.slice(80)}\n`), token);
});

t.test('every shortened and every mistyped token is told as such', async (t) => {
  const text = formatJoinToken(token);
  for (let length = 'hecate-join-'.length; length < text.length; length++) {
    t.match(problemOf(text.slice(0, length)), /copy the whole line/, `cut to ${length}`);
  }
  for (let index = 'hecate-join-'.length; index < text.length; index++) {
    const other = text[index] === 'A' ? 'B' : 'A';
    t.match(problemOf(text.slice(0, index) + other + text.slice(index + 1)), /copy the whole line/);
  }
});

t.test('foreign text, a newer version and rubbish inside an intact frame', async (t) => {
  t.match(problemOf(''), /begins with/);
  t.match(problemOf('hecate-join'), /begins with/);
  t.match(problemOf(`hecate-join-${'A'.repeat(5000)}`), /too long/);
  t.match(problemOf(withPayload('[2,"node"]')), /newer/);
  t.match(problemOf(withPayload('[1,"node"]')), /no valid identity/);
  t.match(problemOf(withPayload('{"__proto__":1}')), /does not hold/);
  const good = [
    '"node"',
    '"web1"',
    '""',
    '"AAECAwQFBgcICQoL"',
    '"AAECAwQFBgcICQoLDA0ODw"',
    `"${'ab'.repeat(32)}"`,
  ];
  const payload = (addresses: string, expiry: string, extra = '') =>
    withPayload(`[1,${good.join(',')},${addresses},${expiry}${extra}]`);
  t.equal(problemOf(payload('["a:1"]', '5')), '', 'the frame of this test is right');
  t.match(problemOf(payload('["a:1"]', '5', ',1')), /does not hold/);
  t.match(problemOf(payload('"a:1"', '5')), /does not hold/);
  t.match(problemOf(payload('[]', '5')), /addresses/);
  t.match(problemOf(payload('["a:0"]', '5')), /host:port/);
  t.match(problemOf(payload('["a:1"]', '-5')), /expiry/);
  t.match(problemOf(payload('["a:1"]', '1e400')), /expiry/);
});

t.test('a token that breaks its rules is never printed', async (t) => {
  const wrong: Partial<JoinToken>[] = [
    { addresses: [] },
    { addresses: Array(9).fill('a:1') },
    { addresses: ['no port'] },
    { secret: new Uint8Array(15) },
    { tokenId: 'short' },
    { fingerprint: 'AB'.repeat(32) },
    { identity: { kind: 'node', name: 'ünï' } },
    { expiresAtMs: 0.5 },
  ];
  for (const part of wrong) t.throws(() => formatJoinToken({ ...token, ...part }), { code: 'HEC_USAGE' });
});

t.test('messages and redaction do not show the token', async (t) => {
  const text = formatJoinToken(token);
  t.notMatch(problemOf(`${text}x`), text.slice(20, 60));
  const redacted = redactJoinTokens(`got ${text}, then ${text}.`);
  t.equal(redacted, 'got hecate-join-[hidden], then hecate-join-[hidden].');
});

/** An intact frame (as zlib's CRC-32 judges it) around any text. */
function withPayload(text: string): string {
  const bytes = Buffer.from(text);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(bytes));
  return `hecate-join-${Buffer.concat([bytes, tail]).toString('base64url')}`;
}
