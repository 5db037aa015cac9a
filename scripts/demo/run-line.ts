/** What the story tells of a run: `hecatectl … -o json` has a line for each event, and more than a newcomer can read. */

const toldEvents: ReadonlySet<unknown> = new Set([
  'step-ended',
  'stage-done',
  'rung-chosen',
  'degraded',
  'run-ended',
]);

/** @returns undefined for what is not told; text that is no event (hecatectl's notes) is told as it is */
export function toldLine(line: string): string | undefined {
  if (!line.startsWith('{')) return line;
  const { event, text } = JSON.parse(line) as Record<string, unknown>;
  return toldEvents.has(event) && typeof text === 'string' ? text : undefined;
}
