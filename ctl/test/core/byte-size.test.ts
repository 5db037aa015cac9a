import t from 'tap';
import { formatBytes } from '../../src/core/byte-size.ts';

t.test('sizes', async (t) => {
  const known = {
    '0': '0B',
    '1023': '1023B',
    '1024': '1.0K',
    '43200512': '41.2M',
    '18446744073709551615': '16384.0P',
  };
  for (const [bytes, text] of Object.entries(known)) t.equal(formatBytes(bytes), text);
  t.equal(formatBytes('x'), 'not known');
});
