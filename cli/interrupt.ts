import process from "node:process";

/**
 * Runs something that Ctrl-C or a termination request may end early. `onStop` then has the last word: it runs at once,
 * has to be synchronous, and the process exits after it with the shell's code for the signal (130 for Ctrl-C). Threads in
 * the middle of native code are not waited for.
 */
export async function interruptible<T>(work: Promise<T>, onStop: () => void): Promise<T> {
  const signals = { SIGINT: 130, SIGTERM: 143 } as const;
  const handlers = Object.entries(signals).map(([signal, code]) => {
    const handler = () => {
      onStop();
      process.exit(code);
    };
    process.once(signal, handler);
    return () => process.off(signal, handler);
  });
  try {
    return await work;
  } finally {
    for (const remove of handlers) remove();
  }
}
