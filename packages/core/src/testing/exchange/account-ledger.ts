import { floorTo } from "./address-ledger.ts";
import type { AccountBook } from "./books.ts";
import type { ExchangeSettings } from "./options.ts";

export const TEN_SECONDS = 10_000;
export const ONE_DAY = 86_400_000;

export interface OrderRefusal {
  readonly limit: number;
  readonly perMs: number;
  readonly retryAfterMs: number;
}

/** The orders of one account, over all addresses. Times are epoch milliseconds by the exchange's clock. */
export class AccountLedger {
  readonly #settings: ExchangeSettings;
  readonly #book: AccountBook = { orders: 0, limited: 0, peak10s: 0, peakDay: 0 };
  readonly #short = { startsAt: -1, count: 0 };
  readonly #day = { startsAt: -1, count: 0 };

  constructor(settings: ExchangeSettings) {
    this.#settings = settings;
  }

  get book(): AccountBook {
    return this.#book;
  }

  countsAt(time: number): { in10s: number; in1d: number } {
    this.#turnAt(time);
    return { in10s: this.#short.count, in1d: this.#day.count };
  }

  /** Both windows or neither; an order that is refused is not counted. */
  placeAt(time: number, orders: number): OrderRefusal | undefined {
    this.#turnAt(time);
    const { ordersPer10s, ordersPerDay } = this.#settings;
    const refusal = refusedBy(this.#day, ordersPerDay, ONE_DAY, time, orders) ?? refusedBy(this.#short, ordersPer10s, TEN_SECONDS, time, orders);
    if (refusal !== undefined) {
      this.#book.limited += 1;
      return refusal;
    }
    this.#short.count += orders;
    this.#day.count += orders;
    this.#book.orders += orders;
    this.#book.peak10s = Math.max(this.#book.peak10s, this.#short.count);
    this.#book.peakDay = Math.max(this.#book.peakDay, this.#day.count);
    return undefined;
  }

  #turnAt(time: number): void {
    for (const [window, span] of [[this.#short, TEN_SECONDS], [this.#day, ONE_DAY]] as const) {
      const startsAt = floorTo(time, span);
      if (window.startsAt !== startsAt) window.count = 0;
      window.startsAt = startsAt;
    }
  }
}

function refusedBy(window: { startsAt: number; count: number }, limit: number, perMs: number, time: number, orders: number): OrderRefusal | undefined {
  return window.count + orders > limit ? { limit, perMs, retryAfterMs: window.startsAt + perMs - time } : undefined;
}
