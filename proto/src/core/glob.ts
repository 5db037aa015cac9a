/**
 * Shell patterns over names: `*`, `?`, `[a-z]`, `[!a-z]`. Matching is linear in text × pattern: a pattern from
 * the wire must not cost exponential time.
 */

const special = /[*?[]/;

export const isGlob = (pattern: string): boolean => special.test(pattern);

function classEnd(pattern: string, start: number): number {
  const first = start + (pattern[start + 1] === '!' || pattern[start + 1] === '^' ? 2 : 1);
  return pattern.indexOf(']', first + 1);
}

function classMatches(body: string, character: string): boolean {
  const negated = body.startsWith('!') || body.startsWith('^');
  let found = false;
  for (let i = negated ? 1 : 0; i < body.length; i += 1) {
    const low = body[i] ?? '';
    const isRange = body[i + 1] === '-' && i + 2 < body.length;
    const high = isRange ? (body[i + 2] ?? '') : low;
    if (character >= low && character <= high) found = true;
    if (isRange) i += 2;
  }
  return found !== negated;
}

/** How many characters of the pattern match this one character; 0: it does not match. */
function matchOne(pattern: string, p: number, character: string): number {
  const sign = pattern[p];
  if (sign === '?') return 1;
  if (sign === '[') {
    const end = classEnd(pattern, p);
    if (end > 0) return classMatches(pattern.slice(p + 1, end), character) ? end - p + 1 : 0;
  }
  return sign === character ? 1 : 0;
}

export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let starText = 0;
  while (t < text.length) {
    const step = p < pattern.length && pattern[p] !== '*' ? matchOne(pattern, p, text[t] ?? '') : 0;
    if (step > 0) {
      p += step;
      t += 1;
    } else if (pattern[p] === '*') {
      starAt = p;
      starText = t;
      p += 1;
    } else if (starAt >= 0) {
      starText += 1;
      t = starText;
      p = starAt + 1;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

export const matchesAny = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => globMatches(pattern, text));
