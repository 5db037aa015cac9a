/**
 * SIGHUP, which ends a process that has no handler for it. So the handler stands before anything else is done, and
 * remembers what comes while the program is still starting. Reloads never overlap; what comes during one makes one
 * more after it.
 */
export interface ReloadSignal {
  /** From now on each signal reloads; one that came before does so at once. `reload` handles its own errors. */
  serve(reload: () => Promise<void>): void;
  close(): void;
}

export function reloadSignal(): ReloadSignal {
  let isWanted = false;
  let isReloading = false;
  let reload: (() => Promise<void>) | undefined;

  const run = async (): Promise<void> => {
    if (isReloading) return;
    isReloading = true;
    try {
      while (isWanted && reload) {
        isWanted = false;
        await reload();
      }
    } finally {
      isReloading = false;
    }
  };
  const onSignal = (): void => {
    isWanted = true;
    void run();
  };
  process.on('SIGHUP', onSignal);
  return {
    serve: (served) => {
      reload = served;
      void run();
    },
    close: () => process.off('SIGHUP', onSignal),
  };
}
