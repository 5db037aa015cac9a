/** The frames of every released version decode for ever, to what they meant then. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame } from '@hecate/proto/core/codec.ts';
import t from 'tap';
import { fromGoldenJson } from '../support/golden-json.ts';

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
