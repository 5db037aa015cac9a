/** `41.2M`, as systemctl writes sizes. @param text decimal, because a 64-bit number may not fit one of ours */
export function formatBytes(text: string): string {
  let size = Number(text);
  if (!Number.isFinite(size) || size < 0) return 'not known';
  if (size < 1024) return `${size}B`;
  for (const unit of ['K', 'M', 'G', 'T', 'P']) {
    size /= 1024;
    if (size < 1024 || unit === 'P') return `${size.toFixed(1)}${unit}`;
  }
  return 'not known';
}
