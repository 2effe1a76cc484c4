/** Who waits for each signal. A program may pass one signal to a thousand sockets, and Node warns of a leak at eleven listeners. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `task` when the signal is aborted; the answer takes that back. One listener per signal, gone with its last task. */
export function onAbort(signal: AbortSignal, task: () => void): () => void {
  const tasks = waiting.get(signal) ?? listen(signal);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0 && waiting.get(signal) === tasks) stop(signal);
  };
}

const listeners = new WeakMap<AbortSignal, () => void>();

function listen(signal: AbortSignal): Set<() => void> {
  const tasks = new Set<() => void>();
  const onEvent = (): void => {
    stop(signal);
    for (const task of [...tasks]) task();
  };
  waiting.set(signal, tasks);
  listeners.set(signal, onEvent);
  signal.addEventListener("abort", onEvent);
  return tasks;
}

function stop(signal: AbortSignal): void {
  const onEvent = listeners.get(signal);
  if (onEvent !== undefined) signal.removeEventListener("abort", onEvent);
  listeners.delete(signal);
  waiting.delete(signal);
}
