import type { ExitSource } from "../../model/options.ts";
import type { ListIntake } from "./list-intake.ts";

/**
 * Reads what a source of the user's own making answers. It may ignore the signal: then what comes late is not taken, and
 * whoever called this has long gone on.
 */
export async function readOwn(source: ExitSource, intake: ListIntake, signal: AbortSignal): Promise<void> {
  const answer: unknown = source.read(signal);
  if (isAsyncIterable(answer)) return readEach(answer[Symbol.asyncIterator](), intake, signal);
  const lines: unknown = await answer;
  if (!Array.isArray(lines)) throw new TypeError("read() gave neither a list of lines nor an async iterable of them");
  await intake.addLines(lines);
  return undefined;
}

async function readEach(lines: AsyncIterator<unknown>, intake: ListIntake, signal: AbortSignal): Promise<void> {
  // Told at once, and not only after the next line, which may never come.
  const onAbort = (): void => void leave(lines);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const { done, value } = await lines.next();
      if (done === true || signal.aborted) return;
      if (await intake.addLines([value])) continue;
      // Not waited for: an iterator that is busy answers when it pleases.
      void leave(lines);
      return;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function leave(lines: AsyncIterator<unknown>): Promise<void> {
  try {
    await lines.return?.();
  } catch {
    // It was left already; what goes wrong on its way out is its own affair.
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === "function";
}
