import t from 'tap';
import { importBluechi } from '../../../src/core/import/bluechi.ts';

const file = (text: string, name = 'x.conf') => ({ name, text });

t.test('which of the two it is', async (t) => {
  t.equal(importBluechi([file('[hirte]\nLogLevel=INFO\n')]).kind, 'manager');
  t.equal(importBluechi([file('[bluechi-agent]\nNodeName=a\n')]).kind, 'agent');
  const both = file('[hirte]\nLogLevel=INFO\n[hirte-agent]\nNodeName=a\n');
  t.throws(() => importBluechi([both]), { code: 'HEC_USAGE', remedy: /--as manager or --as agent/ });
  t.equal(importBluechi([both], 'agent').kind, 'agent');
});

t.test('what is neither is refused', async (t) => {
  for (const text of ['', '[Unit]\nDescription=x\n', '[hirte]\n'])
    t.throws(() => importBluechi([file(text)]), {
      code: 'HEC_CONFIG',
      message: /expected a section \[bluechi-controller\]/,
    });
  t.throws(() => importBluechi([file('[hirte]\nLogLevel=INFO\n')], 'agent'), {
    message: /expected a section \[bluechi-agent\] or \[hirte-agent\] with/,
  });
});

t.test('the newer name of a section overrules the older one', async (t) => {
  const { text } = importBluechi([file('[bluechi-controller]\nLogLevel=DEBUG\n[hirte]\nLogLevel=ERROR\n')]);
  t.match(text, /level: debug/);
});
