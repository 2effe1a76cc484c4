/** One weight window of one address. */
export interface WindowBook {
  /** Epoch milliseconds by the exchange's clock. */
  readonly startsAt: number;
  readonly limit: number;
  /** Weight counted in it, refused requests included. */
  used: number;
  /** Of `used`, what other programs spent. */
  foreign: number;
  requests: number;
  /** Answers with 429 for weight or number of requests. */
  limited: number;
  /** Answers with 418. */
  banned: number;
}

export interface AddressBook {
  requests: number;
  weight: number;
  /** Answers by status. */
  statuses: Record<string, number>;
  /** 429 for weight or number of requests. */
  limited: number;
  /** 418. */
  banned: number;
  /** How often it was banned, and since when (epoch milliseconds by the exchange's clock). */
  bans: number;
  firstBanAt: number | null;
  /** Windows in which more than the limit was counted. */
  windowsOver: number;
  /** The most that one window counted. */
  peakUsed: number;
  /** Oldest first; the latest of them where `keepWindows` was passed. */
  windows: WindowBook[];
}

export interface AccountBook {
  /** Units of orders that were accepted. */
  orders: number;
  /** 429 with code -1015. */
  limited: number;
  peak10s: number;
  peakDay: number;
}

/** An order that arrived more than once. */
export interface RepeatedOrder {
  readonly clientOrderId: string;
  /** Arrivals. */
  seen: number;
  /** Of these, not refused before they were looked at (403, 418, 429): more than one is a double order. */
  processed: number;
}

export interface ExchangeBooks {
  addresses: Record<string, AddressBook>;
  accounts: Record<string, AccountBook>;
  repeatedOrders: RepeatedOrder[];
  totals: {
    addresses: number;
    requests: number;
    weight: number;
    statuses: Record<string, number>;
    limited: number;
    ordersLimited: number;
    banned: number;
    bans: number;
    windowsOver: number;
    orders: number;
    doubleOrders: number;
  };
}

export function totalsOf(books: Omit<ExchangeBooks, "totals">): ExchangeBooks["totals"] {
  const addresses = Object.values(books.addresses);
  const accounts = Object.values(books.accounts);
  const statuses: Record<string, number> = {};
  for (const book of addresses) {
    for (const [status, count] of Object.entries(book.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
  }
  return {
    addresses: addresses.length,
    requests: sum(addresses, (book) => book.requests),
    weight: sum(addresses, (book) => book.weight),
    statuses,
    limited: sum(addresses, (book) => book.limited),
    ordersLimited: sum(accounts, (book) => book.limited),
    banned: sum(addresses, (book) => book.banned),
    bans: sum(addresses, (book) => book.bans),
    windowsOver: sum(addresses, (book) => book.windowsOver),
    orders: sum(accounts, (book) => book.orders),
    doubleOrders: books.repeatedOrders.filter((order) => order.processed > 1).length,
  };
}

/**
 * Which share of what the windows offered was used by the books' own requests (not by other programs), from 0 to 1.
 *
 * @param span Windows that start in `[from, to)` by the exchange's clock; one in which an address sent nothing counts as unused.
 * @param addresses How many addresses there were to use. @default those in the books
 */
export function utilisation(books: ExchangeBooks, span: { from: number; to: number; windowMs: number; limit: number }, addresses = books.totals.addresses): number {
  const first = Math.ceil(span.from / span.windowMs);
  const windowCount = Math.ceil(span.to / span.windowMs) - first;
  let used = 0;
  for (const book of Object.values(books.addresses)) {
    for (const window of book.windows) {
      if (window.startsAt >= span.from && window.startsAt < span.to) used += window.used - window.foreign;
    }
  }
  return windowCount * addresses === 0 ? 0 : used / (windowCount * addresses * span.limit);
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
