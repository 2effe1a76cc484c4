import { setMaxListeners } from "node:events";
import type { MapOptions, Settled } from "../model/task.ts";

/** @throws TypeError where there is nothing to work through, or nothing to do */
export function checkMap(items: unknown, fn: unknown): void {
  const given = items as { [Symbol.asyncIterator]?: unknown; [Symbol.iterator]?: unknown } | null | undefined;
  if (typeof (given?.[Symbol.asyncIterator] ?? given?.[Symbol.iterator]) !== "function") throw new TypeError(`Expected an array or another iterable, or an async iterable, to map, got ${items === null ? "null" : typeof items}.`);
  if (typeof fn !== "function") throw new TypeError(`Expected a function that is called with each item, got ${fn === null ? "null" : typeof fn}.`);
}

/**
 * Works through any iterable, a few items at a time, taking the next one only when there is room for it: results that nobody
 * has fetched yet count as well, so a slow reader slows the work down and memory stays small.
 *
 * An item that fails is a result like any other. A source that fails ends the iteration with its error after the results of
 * what was running. Leaving the loop early aborts what runs.
 */
export async function* mapItems<T, R>(items: Iterable<T> | AsyncIterable<T>, fn: (item: T, signal: AbortSignal) => Promise<R>, options: Required<Pick<MapOptions, "concurrency" | "ordered">> & Pick<MapOptions, "signal">): AsyncGenerator<Settled<T, R>, void, undefined> {
  const { concurrency, ordered, signal } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  // As many listen as items are worked on: that is no leak.
  setMaxListeners(0, controller.signal);
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  /** In order of items: their places; a place without a result is still running. */
  const places: { result: Settled<T, R> | undefined }[] = [];
  let wake = (): void => {};
  let reading = false;
  let ended = false;
  let failure: { error: unknown } | undefined;

  const onAbort = (): void => {
    controller.abort(signal?.reason);
    wake();
  };
  signal?.addEventListener("abort", onAbort);

  const work = (item: T): void => {
    const place: { result: Settled<T, R> | undefined } = { result: undefined };
    places.push(place);
    const settle = (result: Settled<T, R>): void => {
      place.result = result;
      wake();
    };
    // A function that throws instead of rejecting is one that failed.
    new Promise<R>((resolve) => resolve(fn(item, controller.signal))).then(
      (value) => settle({ item, status: "fulfilled", value }),
      (reason: unknown) => settle({ item, status: "rejected", reason }),
    );
  };

  const read = async (): Promise<void> => {
    reading = true;
    try {
      const next = await source.next();
      if (next.done === true) ended = true;
      else if (!controller.signal.aborted) work(next.value);
    } catch (error) {
      ended = true;
      failure = { error };
    } finally {
      reading = false;
      wake();
    }
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      const at = ordered ? (places[0]?.result === undefined ? -1 : 0) : places.findIndex(({ result }) => result !== undefined);
      if (at >= 0) {
        const [place] = places.splice(at, 1);
        yield place.result as Settled<T, R>;
        continue;
      }
      if (ended && places.length === 0) break;
      const waiting = new Promise<void>((resolve) => (wake = resolve));
      if (!ended && !reading && places.length < concurrency) void read();
      await waiting;
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    controller.abort(new DOMException("The iteration has ended.", "AbortError"));
    if (!ended) await letGo(source, reading);
  }
}

/** @param reading its next item is still being asked for: nobody waits for that, it may never come */
async function letGo<T>(source: Iterator<T> | AsyncIterator<T>, reading: boolean): Promise<void> {
  if (!reading) {
    await source.return?.();
    return;
  }
  try {
    // A generator comes to it once it has its item, others drop what they were asked for.
    Promise.resolve(source.return?.()).catch(() => {});
  } catch {
    // It was let go of all the same.
  }
}
