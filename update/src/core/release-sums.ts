/** SHA256SUMS of a release folder, as sha256sum(1) writes it: which files are there, and what they must be. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { type PackageFormat, parsePackageFile } from './package-name.ts';

/** A package that a source has. */
export interface OfferedPackage {
  readonly name: string;
  readonly version: string;
  /** The name of its file, without a folder. */
  readonly file: string;
  /** 64 hex digits. */
  readonly sha256: string;
}

export interface ReleaseSums {
  readonly packages: readonly OfferedPackage[];
  /** Milliseconds since the Unix epoch; undefined: it holds for ever. */
  readonly expiresAtMs: number | undefined;
}

/** A comment to sha256sum. A day ends it at its beginning; times are UTC. */
const expiryPattern = /^# expires (\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?)$/;

/** A line is a digest, a blank, a blank or `*`, a name; names with slashes or of odd characters are nobody's. */
const linePattern = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._~+-]{0,200})$/;
/** Ten releases of four packages for a dozen machines, with room (I14). */
const linesMax = 1000;

/**
 * The packages among the files; others are left out.
 * @throws HEC_CONFIG for a line that is none: what is not understood is not trusted
 */
export function parseSums(text: string, format: PackageFormat): ReleaseSums {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length > linesMax) throw damaged(`it has ${lines.length} lines, at most ${linesMax} are read`);
  let expiresAtMs: number | undefined;
  const packages = lines.flatMap((line, index) => {
    if (line.startsWith('#')) {
      // The first one counts only if there is no other.
      if (expiresAtMs !== undefined && /^#\s*expires/i.test(line)) throw damaged('it expires twice');
      expiresAtMs ??= expiryOf(line, index);
      return [];
    }
    const [, sha256 = '', file = ''] = linePattern.exec(line) ?? [];
    if (file === '') throw damaged(`line ${index + 1} is no digest with a file name`);
    const identity = parsePackageFile(file, format);
    return identity ? [{ ...identity, file, sha256 }] : [];
  });
  return { packages, expiresAtMs };
}

/** Of a comment; undefined: it is another one. @throws HEC_CONFIG for one that means to be */
function expiryOf(line: string, index: number): number | undefined {
  if (!/^#\s*expires/i.test(line)) return undefined;
  const atMs = Date.parse(expiryPattern.exec(line)?.[1] ?? '');
  if (Number.isFinite(atMs)) return atMs;
  throw damaged(`line ${index + 1}: expected "# expires 2027-01-31" or "# expires 2027-01-31T12:00:00Z"`);
}

/**
 * Whoever holds a source can hold newer releases back, and give an old list that is signed as it should be: but not for
 * longer than that list says. The only thing here that is decided on the wall clock, because the signer had no other.
 * @throws HEC_POLICY
 */
export function requireNotExpired({ expiresAtMs }: ReleaseSums, nowMs: number): void {
  if (expiresAtMs === undefined || nowMs < expiresAtMs) return;
  throw new HecateError(
    'HEC_POLICY',
    `SHA256SUMS of the release expired at ${new Date(expiresAtMs).toISOString()}, nothing was installed: newer releases may have been held back`,
    'is the source up to date, and the clock of this host right? Who signs it puts a later date into it',
  );
}

const damaged = (why: string): HecateError =>
  new HecateError(
    'HEC_CONFIG',
    `SHA256SUMS of the release: ${why}`,
    'make it with sha256sum in the folder of the packages, and sign it anew',
  );
