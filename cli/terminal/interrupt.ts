import process from "node:process";

/** How long the work is waited for to let go. */
const PATIENCE_MS = 5000;

/**
 * Runs something that Ctrl-C or a termination request may end early. `onStop` is then called at once; the work is
 * aborted and, once it has come to its end or its time is up, the process exits with the shell's code for the
 * signal (130 for Ctrl-C).
 *
 * @param onStop synchronous: a second signal ends the process on the spot.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  onStop: () => void,
): Promise<T> {
  const controller = new AbortController();
  const running = work(controller.signal);
  const signals = { SIGINT: 130, SIGTERM: 143 } as const;
  const handlers = Object.entries(signals).map(([signal, code]) => {
    const handler = () => {
      onStop();
      controller.abort();
      const exit = () => process.exit(code);
      running.then(exit, exit);
      setTimeout(exit, PATIENCE_MS);
    };
    process.once(signal, handler);
    return () => process.off(signal, handler);
  });
  try {
    const result = await running;
    return controller.signal.aborted ? await new Promise<never>(() => {}) : result;
  } finally {
    for (const remove of handlers) remove();
  }
}
