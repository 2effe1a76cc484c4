import type { ExitPool, Lease, SlotResult, SlotRun } from "../../src/index.ts";
import type { ManualClock } from "../../src/testing/index.ts";

export { addresses, get, openPool, settle } from "../pool/support.ts";

export interface Taken {
  readonly item: unknown;
  readonly at: number;
  readonly exit: string;
}

/** A worker that takes so long on the clock, and writes down when it began and by which exit. */
export function worker(clock: ManualClock, ms: number, taken: Taken[] = []): { work: (item: unknown, lease: Lease) => Promise<void>; taken: Taken[] } {
  return {
    taken,
    work: async (item, lease) => {
      taken.push({ item, at: clock.now(), exit: lease.exit.id });
      if (ms > 0) await sleep(clock, ms);
    },
  };
}

export function sleep(clock: ManualClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

/** Moves the clock until the run is over, at most so far. */
export async function finish(clock: ManualClock, run: SlotRun<unknown>, mostMs = 1_000_000): Promise<void> {
  let over = false;
  const end = (): void => void (over = true);
  run.done.then(end, end);
  for (let spent = 0; !over && spent <= mostMs; ) {
    await clock.advance(0);
    if (over) break;
    const ms = Math.max(0, (clock.nextAt ?? clock.now() + mostMs) - clock.now());
    await clock.advance(ms);
    spent += ms;
  }
}

export async function collect<T>(run: AsyncIterable<SlotResult<T>>): Promise<SlotResult<T>[]> {
  const results: SlotResult<T>[] = [];
  for await (const result of run) results.push(result);
  return results;
}

/** No exit is held by a slot any more, and nothing is in flight. */
export function allBack(pool: ExitPool): boolean {
  const { inflight, slots } = pool.status();
  return inflight === 0 && slots.runs.length === 0;
}
