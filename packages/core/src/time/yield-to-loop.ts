// Captured at load, as the clock's timers are.
const nextTurn = globalThis.setImmediate;

/** Lets timers and sockets have their turn, in the middle of work that would otherwise keep them waiting. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => void nextTurn(resolve));
}
