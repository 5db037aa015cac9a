import t from 'tap';
import { formatManagerAddress, parseManagerAddress } from '../../src/core/manager-address.ts';

t.test('names and addresses of both families', async (t) => {
  t.strictSame(parseManagerAddress('hecate.example:2020'), { host: 'hecate.example', port: 2020 });
  t.strictSame(parseManagerAddress('192.0.2.1:1'), { host: '192.0.2.1', port: 1 });
  t.strictSame(parseManagerAddress('[2001:db8::1]:65535'), { host: '2001:db8::1', port: 65535 });
  for (const text of ['hecate.example:2020', '[::1]:2020']) {
    const address = parseManagerAddress(text);
    t.equal(address && formatManagerAddress(address), text);
  }
});

t.test('everything else', async (t) => {
  const wrong = [
    '',
    'host',
    'host:',
    ':1',
    'host:0',
    'host:65536',
    'host:01',
    '::1:2020',
    'a b:1',
    'a:1\n',
    '"a":1',
    5,
  ];
  for (const text of [...wrong, `${'a'.repeat(300)}:1`])
    t.equal(parseManagerAddress(text), undefined, String(text));
});
