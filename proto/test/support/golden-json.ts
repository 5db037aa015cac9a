/** A decoded frame as JSON: bytes as `{ "$base64": … }`, what is absent left out. */

export function toGoldenJson(body: unknown): string {
  const replace = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array ? { $base64: Buffer.from(value).toString('base64') } : value;
  return `${JSON.stringify(toPlain(body), replace, 2)}\n`;
}

/** Buffer has a toJSON of its own, which a replacer would never see behind. */
function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]));
}

export function fromGoldenJson(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$base64' in value)) return value;
    return Uint8Array.from(Buffer.from(String(value.$base64), 'base64'));
  });
}
