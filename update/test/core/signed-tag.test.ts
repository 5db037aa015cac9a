import t from 'tap';
import { splitTag } from '../../src/core/signed-tag.ts';

const commit = 'a'.repeat(40);
const payload = `object ${commit}\ntype commit\ntag v1.2.3\ntagger R <r@x> 1700000000 +0000\n\nrelease\n`;
const signature = '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n';

t.test('what was signed, and by what', async (t) => {
  t.same(splitTag(payload + signature), { commit, name: 'v1.2.3', payload, signature });
});

t.test('not signed, or of something else', async (t) => {
  t.equal(splitTag(payload), undefined);
  t.equal(splitTag(payload.replace('type commit', 'type tree') + signature), undefined);
  t.equal(splitTag(`${signature}${payload}`), undefined);
});
