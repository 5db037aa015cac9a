/** Waits for a condition, looked at every `everyMs`; gives up, with an error, after 20 s. */
export async function until(condition: () => boolean, everyMs = 20): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
