/** A signed tag as `git cat-file tag` gives it: what was signed, and by what. */

export interface SignedTag {
  /** The commit that it names. */
  readonly commit: string;
  readonly name: string;
  readonly payload: string;
  readonly signature: string;
}

const begin = '-----BEGIN PGP SIGNATURE-----';

/** @returns undefined for a tag that is not signed, or that does not name a commit */
export function splitTag(text: string): SignedTag | undefined {
  const at = text.indexOf(`\n${begin}`);
  if (at < 0) return undefined;
  const payload = text.slice(0, at + 1);
  const [head = ''] = payload.split('\n\n', 1);
  const [, commit, name] = /^object ([0-9a-f]{40,64})\ntype commit\ntag (\S+)\n/.exec(head) ?? [];
  if (commit === undefined || name === undefined) return undefined;
  return { commit, name, payload, signature: text.slice(at + 1) };
}
