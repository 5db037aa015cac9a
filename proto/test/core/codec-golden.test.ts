/** The frames of every released version decode for ever, to what they meant then. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame } from '@hecate/proto/core/codec.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import t from 'tap';
import { fromGoldenJson } from '../support/golden-json.ts';
import { sampleFrames } from '../support/sample-frames.ts';

const golden = join(import.meta.dirname, '../golden');
const versions = readdirSync(golden);

t.ok(versions.includes('v0.1.0'), 'the first version is there');

for (const version of versions) {
  t.test(version, async (t) => {
    const names = readdirSync(join(golden, version)).filter((name) => name.endsWith('.bin'));
    t.ok(names.length >= 79, `${names.length} frames`);
    for (const name of names) {
      const bytes = Uint8Array.from(readFileSync(join(golden, version, name)));
      const meaning = fromGoldenJson(
        readFileSync(join(golden, version, name.replace(/bin$/, 'json')), 'utf8'),
      );
      // Fields that are newer than the frame may be there as well, with their defaults.
      t.hasStrict(decodeFrame(bytes), meaning, name);
    }
  });
}

t.test('all that this version can say has its frame', async (t) => {
  const there = readdirSync(join(golden, `v${softwareVersion}`));
  const missing = [...sampleFrames().keys()].filter((name) => !there.includes(`${name}.bin`));
  t.same(missing, [], `node scripts/add-golden-frames.ts ${softwareVersion} --missing`);
});
