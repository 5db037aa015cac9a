/**
 * Unit names as systemd takes them (src/basic/unit-name.c): at most 255 bytes, a known suffix, and only
 * letters, digits and `:-_.\@` before it. What a user types is completed and mangled the way systemctl does it.
 */
import { HecateError } from './errors.ts';
import { limits } from './limits.ts';
import type { UnitName } from './names.ts';

export const unitTypes = [
  'service',
  'socket',
  'target',
  'device',
  'mount',
  'automount',
  'swap',
  'timer',
  'path',
  'slice',
  'scope',
] as const;

const suffixPattern = new RegExp(`\\.(${unitTypes.join('|')})$`);
const validPattern = /^[A-Za-z0-9:_.\\@-]+$/;

function bad(text: string, why: string): HecateError {
  const shown = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return new HecateError(
    'HEC_BAD_NAME',
    `${JSON.stringify(shown)} is not a unit name: ${why}`,
    'quote the name exactly as systemctl list-units prints it; `systemd-escape` makes a valid one out of any text',
  );
}

/**
 * A complete unit name, as it is.
 * @throws HEC_BAD_NAME
 */
export function parseUnitName(text: string): UnitName {
  if (text === '') throw bad(text, 'it is empty');
  if (text.length > limits.unitNameBytesMax) {
    throw bad(text, `it has ${text.length} characters, systemd allows ${limits.unitNameBytesMax}`);
  }
  if (!validPattern.test(text)) throw bad(text, 'only letters, digits and : - _ . \\ @ are allowed');
  const suffix = suffixPattern.exec(text);
  if (!suffix) throw bad(text, `it must end in one of .${unitTypes.join(' .')}`);
  if (suffix.index === 0 || text.startsWith('@'))
    throw bad(text, 'there is nothing before the suffix or the @');
  return text as UnitName;
}

/**
 * What a person types: a name without a suffix means `.service`; a name with characters that systemd does not
 * take is refused rather than escaped, because a mangled name would quietly be another unit.
 * @throws HEC_BAD_NAME
 */
export function completeUnitName(text: string): UnitName {
  if (text === '') throw bad(text, 'it is empty');
  if (text.includes('/'))
    throw bad(
      text,
      'a "/" cannot be part of one (for a mount point: systemd-escape --path --suffix=mount PATH)',
    );
  return parseUnitName(suffixPattern.test(text) ? text : `${text}.service`);
}

/** The type of a unit, out of its suffix. */
export const unitType = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
