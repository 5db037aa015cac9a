/** Releases as .rpm files, out of another one. */
import type { Test } from 'tap';
import { runScript } from '../../../update/test/support/signing-key.ts';
import { releaseFolder } from './releases.ts';

/** Arguments: where they go, the release that they are out of, the new version, and what the agent begins with. */
const script = `folder=$1 like=$2 version=$3 fault=$4
for file in "$like"/*.rpm; do
  name=$(rpm -qp --queryformat '%{NAME}' "$file")
  architecture=$(rpm -qp --queryformat '%{ARCH}' "$file")
  before=$(rpm -qp --queryformat '%{VERSION}' "$file")
  work=$folder/work
  mkdir -p "$work/tree"
  (cd "$work/tree" && rpm2cpio "$file" | cpio -idm --quiet)
  program=$work/tree/usr/lib/hecate/bin/hecate-agent.mjs
  [ ! -e "$program" ] || [ -z "$fault" ] || sed -i "1a $fault" "$program"
  {
    printf '%%global __os_install_post %%{nil}\\n%%global debug_package %%{nil}\\n%%global _build_id_links none\\n'
    printf '%%global _binary_payload w.ufdio\\nName: %s\\nVersion: %s\\nRelease: 1\\n' "$name" "$version"
    printf 'Summary: another release\\nLicense: Apache-2.0\\nAutoReqProv: no\\n'
    rpm -qp --requires "$file" | grep -vE '^(rpmlib|/bin/sh)' | sed "s/= $before-/= $version-/; s/^/Requires: /"
    printf '%%description\\n%%{summary}\\n%%install\\ncp -a %s/. %%{buildroot}\\n' "$work/tree"
    for scriptlet in POSTIN=post PREUN=preun POSTUN=postun; do
      text=$(rpm -qp --queryformat "%|\${scriptlet%=*}?{%{\${scriptlet%=*}}}|" "$file")
      [ -z "$text" ] || printf '%%%s\\n%s\\n' "\${scriptlet#*=}" "$text"
    done
    printf '%%files\\n'
    rpm -qp --queryformat '[%{FILEFLAGS:fflags}\\t%{FILEMODES:perms}\\t%{FILENAMES}\\n]' "$file" |
      sed -E 's/^c[a-z]*\\t[^\\t]*\\t/%config(noreplace) /; s/^[a-z]*\\td[^\\t]*\\t/%dir /; s/^[a-z]*\\t[^\\t]*\\t//'
  } >"$work/spec"
  rpmbuild -bb --quiet --target "$architecture" --define "_topdir $work/rpm" "$work/spec" 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
  mv "$work/rpm/RPMS/$architecture/$name-$version-1.$architecture.rpm" "$folder"
  rm -r "$work"
done`;

/**
 * The packages of another release, called so: made in a moment, where a whole release takes many; gone with the test.
 * @param isBroken whether its agent ends at once
 */
export async function rpmRelease(
  t: Test,
  like: string,
  version: string,
  { isBroken = false } = {},
): Promise<string> {
  const folder = releaseFolder(t);
  const fault = isBroken ? 'process.stderr.write("broken: it ends"); process.exit(1);' : '';
  await runScript(script, folder, like, version, fault);
  return folder;
}
