import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import { findingsOf } from './findings-of.ts';

const finding = (text: string): string => findingsOf(text).join(' | ');

t.test('how long an intent blocks', async (t) => {
  for (const value of ['1s', '6h', '30d']) t.equal(finding(`runs: { intent_age_max: ${value} }`), 'valid');
  for (const value of ['0s', '31d', '6', 'soon']) {
    t.match(
      finding(`runs: { intent_age_max: ${value} }`),
      /^f:1:9: runs\.intent_age_max: .*expected a duration from 1s to 30d/,
    );
  }
});

t.test('notifications: an address or a command, of some events or of all', async (t) => {
  const text = `runs:
  notifications:
    - webhook: https://ntfy.example/hecate
      events: [failed]
    - command: [/bin/tell, me]
`;
  t.match(parseConfig(text, 'host'), {
    config: {
      runs: {
        notifications: [
          { type: 'webhook', url: 'https://ntfy.example/hecate', events: ['failed'] },
          { type: 'command', argv: ['/bin/tell', 'me'], events: { length: 6 } },
        ],
      },
    },
  });
});

t.test('notifications that nobody can be told by', async (t) => {
  const of = (value: string): string => finding(`runs:\n  notifications:\n    - ${value}`);
  t.match(
    of('{}'),
    /^f:3:7: runs\.notifications\[0\]: .*expected exactly one way to tell: webhook, command; add one of them$/,
  );
  t.match(
    of('{ webhook: "https://a/", command: [/a] }'),
    /notifications\[0\]\.command: .*exactly one.*; remove command/,
  );
  for (const url of ['ftp://a/', 'a', 'https://me:secret@a/', 'https://', '5']) {
    t.match(
      of(`{ webhook: "${url}" }`),
      /expected an http:\/\/ or https:\/\/ address without user and password/,
      url,
    );
  }
  t.match(of('{ command: [tell] }'), /expected the absolute path of a program/);
  t.match(of('{ command: [/a], events: [] }'), /expected a list of 1 to 6 events/);
  t.match(
    of('{ command: [/a], events: [ended] }'),
    /expected one of started, stage-done, degraded, failed, finished, power/,
  );
  t.match(of('{ command: [/a], events: [failed, failed] }'), /each of the events once/);
  const many = Array.from({ length: 17 }, () => '{ command: [/a] }').join(', ');
  t.match(finding(`runs: { notifications: [${many}] }`), /expected a list of at most 16 notifications/);
});
