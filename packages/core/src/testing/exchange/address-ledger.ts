import type { AddressBook, WindowBook } from "./books.ts";
import type { ExchangeSettings } from "./options.ts";

export type Refusal =
  | { readonly status: 429; readonly limit: "weight" | "raw"; readonly retryAfterMs: number }
  | { readonly status: 418; readonly retryAfterMs: number; readonly until: number };

/** What one address has spent, and how it is refused. Times are epoch milliseconds by the exchange's clock. */
export class AddressLedger {
  readonly #settings: ExchangeSettings;
  readonly #book: AddressBook = {
    requests: 0, weight: 0, statuses: {}, limited: 0, banned: 0, bans: 0, firstBanAt: null, windowsOver: 0, peakUsed: 0, windows: [],
  };
  #rawStartsAt = -1;
  #rawCount = 0;
  #limitedUntil = 0;
  /** Refused since it broke its limit. */
  #refusals = 0;
  #bannedUntil = 0;

  constructor(settings: ExchangeSettings) {
    this.#settings = settings;
  }

  get book(): AddressBook {
    return this.#book;
  }

  usedAt(time: number): number {
    const last = this.#book.windows.at(-1);
    return last?.startsAt === floorTo(time, this.#settings.windowMs) ? last.used : 0;
  }

  /** Before anything is known of its fate: the exchange counts what it then refuses. */
  countAt(time: number, weight: number): void {
    const window = this.#windowAt(time);
    window.requests += 1;
    this.#book.requests += 1;
    this.#book.weight += weight;
    this.#countRaw(time);
    this.#raise(window, weight);
  }

  /** Whether the request that was just counted is refused. Goes into the books. */
  judgeAt(time: number): Refusal | undefined {
    const window = this.#windowAt(time);
    return this.#banAt(time, window) ?? this.#limitAt(time, window);
  }

  /** Gives back what turned out to cost less. */
  refundAt(time: number, weight: number): void {
    this.#windowAt(time).used -= weight;
    this.#book.weight -= weight;
  }

  /** Spent by other programs: weighs on the address, is never refused. */
  spendAt(time: number, weight: number): void {
    const window = this.#windowAt(time);
    window.foreign += weight;
    this.#countRaw(time);
    this.#raise(window, weight);
  }

  answered(status: number): void {
    this.#book.statuses[status] = (this.#book.statuses[status] ?? 0) + 1;
  }

  #raise(window: WindowBook, weight: number): void {
    const within = window.used <= window.limit;
    window.used += weight;
    if (within && window.used > window.limit) this.#book.windowsOver += 1;
    this.#book.peakUsed = Math.max(this.#book.peakUsed, window.used);
  }

  #countRaw(time: number): void {
    const startsAt = floorTo(time, this.#settings.rawWindowMs);
    if (startsAt !== this.#rawStartsAt) this.#rawCount = 0;
    this.#rawStartsAt = startsAt;
    this.#rawCount += 1;
  }

  #banAt(time: number, window: WindowBook): Refusal | undefined {
    if (time >= this.#bannedUntil) return undefined;
    window.banned += 1;
    this.#book.banned += 1;
    return { status: 418, retryAfterMs: this.#bannedUntil - time, until: this.#bannedUntil };
  }

  #limitAt(time: number, window: WindowBook): Refusal | undefined {
    const { limit, windowMs, rawLimit, rawWindowMs, refusalsBeforeBan } = this.#settings;
    const overWeight = window.used > limit;
    const overRaw = this.#rawCount > rawLimit;
    if (!overWeight && !overRaw) return undefined;

    if (time >= this.#limitedUntil) this.#refusals = 0;
    const until = Math.max(overWeight ? window.startsAt + windowMs : 0, overRaw ? this.#rawStartsAt + rawWindowMs : 0);
    this.#limitedUntil = until;
    this.#refusals += 1;
    // The first refusal is how a client learns; only those after it are disobedience.
    if (this.#refusals > 1 + refusalsBeforeBan) return this.#ban(time, window);
    window.limited += 1;
    this.#book.limited += 1;
    return { status: 429, limit: overWeight ? "weight" : "raw", retryAfterMs: until - time };
  }

  #ban(time: number, window: WindowBook): Refusal | undefined {
    const { banMs, banMaxMs } = this.#settings;
    this.#bannedUntil = time + Math.min(banMs * 2 ** this.#book.bans, banMaxMs);
    this.#book.bans += 1;
    this.#book.firstBanAt ??= time;
    return this.#banAt(time, window);
  }

  #windowAt(time: number): WindowBook {
    const { windowMs, limit, keepWindows } = this.#settings;
    const { windows } = this.#book;
    const startsAt = floorTo(time, windowMs);
    const last = windows.at(-1);
    if (last?.startsAt === startsAt) return last;
    const window: WindowBook = { startsAt, limit, used: 0, foreign: 0, requests: 0, limited: 0, banned: 0 };
    windows.push(window);
    if (windows.length > Math.max(1, keepWindows)) windows.shift();
    return window;
  }
}

/** Windows are aligned to the exchange's clock, not to a client's first request. */
export function floorTo(time: number, span: number): number {
  return Math.floor(time / span) * span;
}
