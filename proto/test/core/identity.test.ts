import t from 'tap';
import { identityFrom, identityUri, isIdentityName, parseIdentityUri } from '../../src/core/identity.ts';
import { parseNodeName } from '../../src/core/names.ts';

t.test('each identity has one spelling, read back as itself', async (t) => {
  const spellings = {
    'urn:hecate:node:web1': { kind: 'node', name: 'web1' },
    'urn:hecate:node:a.b-c': { kind: 'node', name: 'a.b-c' },
    'urn:hecate:operator:ada:viewer': { kind: 'operator', name: 'ada', role: 'viewer' },
    'urn:hecate:operator:ada:admin': { kind: 'operator', name: 'ada', role: 'admin' },
    'urn:hecate:peer:other-site': { kind: 'peer', name: 'other-site' },
  } as const;
  for (const [uri, identity] of Object.entries(spellings)) {
    t.equal(identityUri(identity), uri);
    t.strictSame(parseIdentityUri(uri), identity);
  }
});

t.test('everything else is nobody', async (t) => {
  const wrong = [
    '',
    'urn:hecate',
    'urn:hecate:node',
    'urn:hecate:node:',
    'urn:hecate:node:A',
    'urn:hecate:node:a:admin',
    'urn:hecate:node:a:',
    'URN:hecate:node:a',
    'urn:Hecate:node:a',
    'urn:hecate:node:a, URI:urn:hecate:node:b',
    'urn:hecate:node:a\nURI:urn:hecate:node:b',
    'urn:hecate:node:a\n',
    'urn:hecate:node:a\0',
    ' urn:hecate:node:a',
    'urn:hecate:node:%61',
    'urn:hecate:operator:ada',
    'urn:hecate:operator:ada:root',
    'urn:hecate:operator:ada:constructor',
    'urn:hecate:operator:ada:admin:admin',
    'urn:hecate:manager:a',
    `urn:hecate:node:${'a'.repeat(64)}`,
    'urn:hecate:node:a..b',
    'urn:hecate:node:-a',
  ];
  for (const uri of wrong) t.equal(parseIdentityUri(uri), undefined, JSON.stringify(uri));
});

t.test('an operator needs a role, nobody else may have one', async (t) => {
  t.equal(identityFrom('operator', 'ada', undefined), undefined);
  t.equal(identityFrom('node', 'web1', 'admin'), undefined);
  t.equal(identityFrom('node', 5, undefined), undefined);
});

t.test('names of holders follow the rule of node names', async (t) => {
  const names = [
    'a',
    'a-b',
    'a.b',
    'a..b',
    '',
    '-a',
    'a-',
    'A',
    'a_b',
    'a b',
    'a\n',
    'é',
    'a'.repeat(63),
    'a'.repeat(64),
  ];
  for (const name of names) {
    const isNodeName = ((): boolean => {
      try {
        return parseNodeName(name) === name;
      } catch {
        return false;
      }
    })();
    t.equal(isIdentityName(name), isNodeName, JSON.stringify(name));
  }
});
