import t from 'tap';
import { nearestWord } from '../../src/core/suggestion.ts';

t.test('a slip of the finger is recognised', async (t) => {
  const known = ['heartbeat_interval', 'site', 'listen', 'log'];
  for (const [word, expected] of [
    ['heartbeat_intervall', 'heartbeat_interval'],
    ['hearbeat_interval', 'heartbeat_interval'],
    ['heartbeatInterval', 'heartbeat_interval'],
    ['lsiten', 'listen'],
    ['Site', 'site'],
    ['lgo', 'log'],
    ['completely_else', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ] as const) {
    t.equal(nearestWord(word, known), expected, JSON.stringify(word.slice(0, 30)));
  }
  t.equal(nearestWord('site', []), undefined);
});
