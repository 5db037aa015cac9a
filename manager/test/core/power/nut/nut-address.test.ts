import t from 'tap';
import { parseNutAddress } from '../../../../src/core/power/nut/nut-address.ts';

const table: [string, string, string, number][] = [
  ['rack', 'rack', 'localhost', 3493],
  ['rack@ups.example', 'rack', 'ups.example', 3493],
  ['rack-1@192.0.2.7:34930', 'rack-1', '192.0.2.7', 34930],
  ['rack@[2001:db8::7]', 'rack', '2001:db8::7', 3493],
  ['rack@[fe80::1%eth0]:3494', 'rack', 'fe80::1%eth0', 3494],
];
for (const [text, nutName, host, port] of table) t.same(parseNutAddress(text), { nutName, host, port }, text);

for (const text of [
  '',
  '@host',
  'rack@',
  'rack@host:',
  'rack@host:0',
  'rack@host:65536',
  'rack@2001:db8::7',
  'a b',
]) {
  t.throws(
    () => parseNutAddress(text),
    { code: 'HEC_CONFIG', message: /expected ups/ },
    JSON.stringify(text),
  );
}
