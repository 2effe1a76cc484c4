import type { TaskHandle } from "../model/task.ts";

export function taskHandle<R>(id: string, promise: Promise<R>, cancel: (reason: unknown) => void): TaskHandle<R> {
  // A handle that nobody looks at must not end the process; whoever does look gets the rejection all the same.
  promise.catch(() => {});
  return Object.assign(promise, {
    id,
    cancel: (reason?: unknown) => cancel(reason ?? new DOMException("The task was cancelled.", "AbortError")),
  });
}
