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

/** A line is a digest, a blank, a blank or `*`, a name; names with slashes or of odd characters are nobody's. */
const linePattern = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._~+-]{0,200})$/;
/** Ten releases of four packages for a dozen machines, with room (I14). */
const linesMax = 1000;

/**
 * The packages among the files; others are left out.
 * @throws HEC_CONFIG for a line that is none: what is not understood is not trusted
 */
export function parseSums(text: string, format: PackageFormat): readonly OfferedPackage[] {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length > linesMax) throw damaged(`it has ${lines.length} lines, at most ${linesMax} are read`);
  return lines.flatMap((line, index) => {
    const [, sha256 = '', file = ''] = linePattern.exec(line) ?? [];
    if (file === '') throw damaged(`line ${index + 1} is no digest with a file name`);
    const identity = parsePackageFile(file, format);
    return identity ? [{ ...identity, file, sha256 }] : [];
  });
}

const damaged = (why: string): HecateError =>
  new HecateError(
    'HEC_CONFIG',
    `SHA256SUMS of the release: ${why}`,
    'make it with sha256sum in the folder of the packages, and sign it anew',
  );
