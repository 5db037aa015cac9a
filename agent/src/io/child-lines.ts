/** A child process's output, cut into lines, within limits. */

/** One line of a journal entry as JSON; a longer one is dropped and counted as skipped. */
const lineBytesMax = 1024 * 1024;

/** Yields the whole lines of each chunk together, so that a consumer that waits slows the child down. */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      rest = rest.length + chunk.length > lineBytesMax ? Buffer.alloc(0) : Buffer.concat([rest, chunk]);
      continue;
    }
    const whole = Buffer.concat([rest, chunk.subarray(0, end)]);
    rest = Buffer.from(chunk.subarray(end + 1));
    yield whole.toString('utf8').split('\n');
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}
