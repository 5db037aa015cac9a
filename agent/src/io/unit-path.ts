/** Unit names ↔ object paths of systemd: `a-b.service` is `/org/freedesktop/systemd1/unit/a_2db_2eservice`. */

export const unitPathPrefix = '/org/freedesktop/systemd1/unit/';
export const jobPathPrefix = '/org/freedesktop/systemd1/job/';

/** systemd's bus_label_escape: all bytes but letters and digits (a leading digit, too) become `_xx`. */
export function unitPath(name: string): string {
  if (name === '') return `${unitPathPrefix}_`;
  let label = '';
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    const plain = /[A-Za-z]/.test(character) || (label !== '' && /[0-9]/.test(character));
    label += plain ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }
  return unitPathPrefix + label;
}

/** The name in a unit's path; undefined for any other path. An underscore that escapes nothing stays. */
export function unitNameOfPath(path: string): string | undefined {
  if (!path.startsWith(unitPathPrefix)) return undefined;
  const label = path.slice(unitPathPrefix.length);
  if (label === '' || label.includes('/')) return undefined;
  if (label === '_') return '';
  const bytes: number[] = [];
  for (let at = 0; at < label.length; at += 1) {
    const escaped = /^_([0-9a-fA-F]{2})/.exec(label.slice(at, at + 3))?.[1];
    if (escaped !== undefined) at += 2;
    bytes.push(escaped === undefined ? label.charCodeAt(at) : Number.parseInt(escaped, 16));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** The id in a job's path; undefined for any other path. */
export function jobIdOfPath(path: string): number | undefined {
  const digits = path.startsWith(jobPathPrefix) ? path.slice(jobPathPrefix.length) : '';
  return /^\d{1,10}$/.test(digits) ? Number(digits) : undefined;
}
