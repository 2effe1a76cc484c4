import type { AddressBook, ExchangeBooks } from "./books.ts";
import type { ExchangeSettings } from "./options.ts";

/** More addresses than that are summed up: the most troubled and the busiest are shown. */
const ROWS_MAX = 24;

/** The books as a table. */
export function exchangeReport(books: ExchangeBooks, settings: ExchangeSettings): string {
  const { totals } = books;
  const entries = Object.entries(books.addresses).sort(([, left], [, right]) => trouble(right) - trouble(left) || right.weight - left.weight);
  const shown = entries.slice(0, ROWS_MAX);
  const rows = [
    ["address", "requests", "2xx", "429", "418", "other", "bans", "weight", "fullest window"],
    ...shown.map(([address, book]) => row(address, book, settings.limit)),
  ];
  if (entries.length > shown.length) rows.push([`and ${entries.length - shown.length} more`, "", "", "", "", "", "", "", ""]);
  rows.push(["all", ...counts(totals), `${totals.windowsOver} over`].map(String));

  const lines = [`Weight ${settings.limit} an address in ${settings.windowMs / 1_000} s`, ...table(rows)];
  for (const [key, account] of Object.entries(books.accounts)) {
    lines.push(`account ${key}: ${account.orders} orders, at most ${account.peak10s} of ${settings.ordersPer10s} in 10 s, ${account.limited} refused`);
  }
  const doubles = books.repeatedOrders.filter((order) => order.processed > 1);
  for (const order of doubles.slice(0, ROWS_MAX)) lines.push(`order ${order.clientOrderId}: arrived ${order.seen} times, ${order.processed} of them processed`);
  return lines.join("\n");
}

function row(address: string, book: AddressBook, limit: number): string[] {
  const share = limit === 0 ? 0 : Math.round((100 * book.peakUsed) / limit);
  return [address, ...counts(book), `${book.peakUsed} (${share} %)`].map(String);
}

function counts({ requests, statuses, bans, weight }: Pick<AddressBook, "requests" | "statuses" | "bans" | "weight">): number[] {
  const successes = Object.entries(statuses).reduce((sum, [status, count]) => (status.startsWith("2") ? sum + count : sum), 0);
  const limited = statuses["429"] ?? 0;
  const banned = statuses["418"] ?? 0;
  return [requests, successes, limited, banned, requests - successes - limited - banned, bans, weight];
}

function trouble(book: AddressBook): number {
  return 1_000 * book.bans + book.banned + book.limited;
}

/** Names to the left, figures to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  return rows.map((cells) => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  ").trimEnd());
}
