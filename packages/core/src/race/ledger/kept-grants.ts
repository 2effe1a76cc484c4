import type { Counter } from "../../model/limits.ts";
import type { Clock } from "../../time/clock.ts";
import { Alarm, type TimerQueue } from "../../time/timer-queue.ts";
import type { Bookkeeper, Grant } from "./bookkeeper.ts";

/** A reservation that nobody has come for by then is given back: it counts against everybody else meanwhile, and windows move on. */
const KEPT_MS = 250;
/** Different demands that are asked for or kept at one time. */
const MOST_KEPT = 1_000;

interface Kept {
  asked: number;
  readonly grants: { readonly grant: Grant; readonly expiry: Alarm }[];
}

/**
 * Reservations for those who do not wait. A ledger that can only say later is asked all the same, so that whoever tries again
 * in a moment finds the answer.
 */
export class KeptGrants {
  readonly #books: Bookkeeper;
  readonly #timers: TimerQueue;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #closed = false;

  constructor(books: Bookkeeper, timers: TimerQueue, clock: Clock) {
    this.#books = books;
    this.#timers = timers;
    this.#clock = clock;
  }

  /** A reservation of exactly these counters, where one has come. */
  take(counters: readonly Counter[]): { ok: true; token: unknown } | undefined {
    const name = nameOf(counters);
    const entry = this.#kept.get(name)?.grants.shift();
    if (entry === undefined) return undefined;
    this.#timers.remove(entry.expiry);
    this.#tidy(name);
    return { ok: true, token: entry.grant.token };
  }

  /** Asks once for the same. */
  ask(counters: Counter[]): void {
    const name = nameOf(counters);
    const kept = this.#of(name);
    if (kept === undefined || kept.asked > 0) return;
    kept.asked++;
    this.#books.reserve(counters, new AbortController(), (answer) => {
      kept.asked--;
      if (answer?.ok === true) this.keep({ token: answer.token, counters });
      this.#tidy(name);
    });
  }

  /** Nothing was sent on it: whoever wants the same next may have it. */
  keep(grant: Grant): void {
    const name = nameOf(grant.counters);
    const kept = this.#closed ? undefined : this.#of(name);
    if (kept === undefined) {
      this.#books.giveBack(grant);
      return;
    }
    const entry = { grant, expiry: new Alarm(() => this.#expire(name, kept, entry)) };
    kept.grants.push(entry);
    this.#timers.add(entry.expiry, this.#clock.now(), KEPT_MS);
  }

  close(): void {
    this.#closed = true;
    for (const { grants } of this.#kept.values()) for (const { grant } of grants) this.#books.giveBack(grant);
    this.#kept.clear();
  }

  #expire(name: string, kept: Kept, entry: Kept["grants"][number]): void {
    const at = kept.grants.indexOf(entry);
    if (at < 0 || this.#closed) return;
    kept.grants.splice(at, 1);
    this.#books.giveBack(entry.grant);
    this.#tidy(name);
  }

  #of(name: string): Kept | undefined {
    let kept = this.#kept.get(name);
    if (kept === undefined && this.#kept.size < MOST_KEPT) this.#kept.set(name, (kept = { asked: 0, grants: [] }));
    return kept;
  }

  #tidy(name: string): void {
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.asked === 0 && kept.grants.length === 0) this.#kept.delete(name);
  }
}

/** What was asked for: the counters with their units. */
function nameOf(counters: readonly Counter[]): string {
  return counters.map(({ key, units }) => `${units} ${key}`).join("\n");
}
