import type { Clock } from "./time/clock.ts";

/** Has work that ends by itself. */
export interface Draining {
  readonly idle: boolean;
  /** Called whenever the last of it has ended. */
  onIdle: (() => void) | undefined;
}

/** Waits until nothing of them is at work, for so long at most. */
export async function drain(clock: Clock, ms: number, parts: readonly Draining[]): Promise<void> {
  const idle = (): boolean => parts.every((part) => part.idle);
  if (idle() || ms === 0) return;
  await new Promise<void>((resolve) => {
    const timer = clock.setTimeout(resolve, ms);
    for (const part of parts) {
      part.onIdle = () => {
        if (!idle()) return;
        clock.clearTimeout(timer);
        resolve();
      };
    }
  });
  for (const part of parts) part.onIdle = undefined;
}
