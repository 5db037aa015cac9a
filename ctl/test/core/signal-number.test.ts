import { constants } from 'node:os';
import t from 'tap';
import { signalNumber } from '../../src/core/signal-number.ts';

t.test("every signal that this system knows has the system's number", async (t) => {
  for (const [name, number] of Object.entries(constants.signals)) {
    if (['SIGIOT', 'SIGPOLL', 'SIGUNUSED', 'SIGCLD'].includes(name)) continue;
    t.equal(signalNumber(name), number, name);
    t.equal(signalNumber(name.slice(3).toLowerCase()), number);
  }
});

t.test('numbers and real-time signals', async (t) => {
  t.equal(signalNumber('9'), 9);
  t.equal(signalNumber('RTMIN'), 34);
  t.equal(signalNumber('SIGRTMIN+3'), 37);
  t.equal(signalNumber('RTMAX-1'), 63);
  for (const bad of ['', '0', '65', '-1', 'SIGFOO', 'RTMIN+99', '9x'])
    t.equal(signalNumber(bad), undefined, bad);
});
