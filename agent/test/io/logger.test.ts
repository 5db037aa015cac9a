import { formatJoinToken } from '@hecate/proto/core/join-token.ts';
import t from 'tap';
import { openLogger } from '../../src/io/logger.ts';

t.test('a JSON object a line, from its level on', async (t) => {
  const lines: string[] = [];
  const log = openLogger('info', (line) => void lines.push(line));
  log.debug('not this');
  log.info('this', { unit: 'web.service', why: undefined });
  t.equal(log.setLevel('debug'), 'info');
  t.equal(log.level, 'debug');
  log.debug('now this\nin one line');
  log.setLevel('error');
  log.warn('not this');
  log.error('and this');
  t.equal(lines.length, 3);
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'info',
    message: 'this',
    unit: 'web.service',
    time: /^\d{4}-/,
  });
  t.ok(lines.every((line) => line.indexOf('\n') === line.length - 1));
});

t.test('never a join token', async (t) => {
  const token = formatJoinToken({
    identity: { kind: 'node', name: 'a' },
    tokenId: 'AAAAAAAAAAAAAAAA',
    secret: new Uint8Array(16),
    fingerprint: '0'.repeat(64),
    addresses: ['a:1'],
    expiresAtMs: 1,
  });
  const lines: string[] = [];
  openLogger('info', (line) => void lines.push(line)).info(`got ${token}`, { why: token });
  t.notOk(lines.join('').includes(token.slice(0, 30)));
  t.match(lines[0], /hecate-join-\[hidden\]/);
});
