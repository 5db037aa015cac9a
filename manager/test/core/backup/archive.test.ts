import fc from 'fast-check';
import t from 'tap';
import { type ArchiveMember, decodeArchive, encodeArchive } from '../../../src/core/backup/archive.ts';
import '../../../../test/support/property-seed.ts';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const members: readonly ArchiveMember[] = [
  { path: 'manifest.json', mode: 0o600, bytes: text('{}\n') },
  { path: 'state/journal/runs.records', mode: 0o600, bytes: text('x'.repeat(512)) },
  { path: 'state/empty', mode: 0o600, bytes: text('') },
];
const paths = fc
  .stringMatching(/^[a-z]{1,8}(\/[a-z.-]{3,8}){0,3}$/)
  .filter((path) => !/\/\.{1,2}(\/|$)/.test(path));

t.test('what goes in comes out', async () => {
  const member = fc.record({
    path: paths,
    mode: fc.constantFrom(0o600, 0o644, 0),
    bytes: fc.uint8Array({ maxLength: 1600 }),
  });
  const archives = fc.array(member, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(archives, (given) => {
      const read = decodeArchive(encodeArchive(given)).map((each) => ({ ...each, bytes: [...each.bytes] }));
      return (
        JSON.stringify(read) === JSON.stringify(given.map((each) => ({ ...each, bytes: [...each.bytes] })))
      );
    }),
  );
});

t.test('a flipped bit outside of the contents is refused, also in the padding', async (t) => {
  const archive = encodeArchive(members);
  const content = (at: number): boolean => (at >= 512 && at < 515) || (at >= 1024 + 512 && at < 1024 + 1024);
  let flipped = 0;
  for (let at = 0; at < archive.length; at += 1) {
    if (content(at)) continue;
    const broken = archive.slice();
    broken[at] = (broken[at] ?? 0) ^ (1 << (at % 8));
    flipped += 1;
    try {
      decodeArchive(broken);
      t.fail(`byte ${at}`);
    } catch (error) {
      if ((error as { code?: string }).code !== 'HEC_STATE') t.fail(`byte ${at}: ${error}`);
    }
  }
  t.ok(flipped > 2000, `${flipped} bytes`);
});

t.test('cut off, lengthened, or something else', async (t) => {
  const archive = encodeArchive(members);
  for (let length = 0; length < archive.length; length += 256)
    t.throws(() => decodeArchive(archive.subarray(0, length)), { code: 'HEC_STATE' }, `${length} bytes`);
  t.throws(() => decodeArchive(Buffer.concat([archive, Buffer.alloc(512)])), { code: 'HEC_STATE' });
  t.throws(() => decodeArchive(text('site: home\n'.repeat(500))), { code: 'HEC_STATE' });
});

t.test('a path that leads elsewhere is neither written nor read', async (t) => {
  for (const path of ['../x', '/etc/passwd', 'a/../b', './a', 'a//b', 'a/', '', 'ä', 'a'.repeat(101)])
    t.throws(() => encodeArchive([{ path, mode: 0o600, bytes: text('') }]), { code: 'HEC_STATE' }, path);
});
