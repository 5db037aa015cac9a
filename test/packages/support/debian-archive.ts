import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from '../../nodes/base-image.ts';
import { execute } from '../../nodes/execute.ts';

/** The lists of packages are fetched into a folder of their own: what the host knows and has installed stays as it is. */
const script = `set -eu
image=$1 archive=$2
shift 2
[ ! -d "$archive" ] || exit 0
building=$archive.building
rm -rf "$building"
mkdir -p "$building/state/lists/partial" "$building/cache/archives/partial" "$building/packages"
own() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dir::Etc="$image/etc/apt" -o Dir::State="$building/state" \\
    -o Dir::State::status="$image/var/lib/dpkg/status" -o Dir::Cache="$building/cache" \\
    -o APT::Sandbox::User=root -o APT::Keep-Downloaded-Packages=true "$@" >&2
}
own update
own install --no-install-recommends --download-only "$@"
cd "$building/packages"
mv ../cache/archives/*.deb .
for file in *.deb; do
  dpkg-deb -f "$file"
  size=$(wc -c <"$file")
  sum=$(sha256sum <"$file")
  printf 'Filename: ./%s\\nSize: %d\\nSHA256: %s\\n\\n' "$file" "$size" "\${sum%% *}"
done >Packages
mv -T "$building/packages" "$archive"
rm -rf "$building"`;

/**
 * A folder with these Debian packages and all that a node of this image lacks for them, and with the list that apt
 * reads: nodes have no way to a mirror. Made on first use, from the mirror of the image, and kept beside it.
 * @throws Error with the last lines of apt
 */
export async function debianArchive(image: string, packages: readonly string[]): Promise<string> {
  const key = createHash('sha256').update([basename(image), ...packages].join('\n'));
  const folder = join(cacheFolder(), 'nodes');
  const archive = join(folder, `archive-${key.digest('hex').slice(0, 16)}`);
  if (existsSync(archive)) return archive;
  mkdirSync(folder, { recursive: true });
  const locked = ['flock', join(folder, 'archive-lock'), 'sh', '-c', script, 'sh', image, archive];
  const { exitCode, stderr } = await execute([...locked, ...packages], { timeoutMs: 5 * 60_000 });
  if (exitCode === 0) return archive;
  throw new Error(`cannot fetch ${packages.join(', ')} for nodes: ${stderr.slice(-2_000)}`);
}
