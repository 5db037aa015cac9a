/** Listeners of one event; one that throws does not keep the others from hearing it. */
export class ListenerSet<Event> {
  private readonly listeners = new Set<{ listener: (event: Event) => void }>();

  add(listener: (event: Event) => void): () => void {
    const entry = { listener };
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  emit(event: Event): void {
    for (const { listener } of [...this.listeners]) {
      try {
        listener(event);
      } catch (error) {
        // A programmer's error in the listener: it must not pass for garbage from the bus. Crash with its own stack.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.listeners.clear();
  }

  get size(): number {
    return this.listeners.size;
  }
}
