import { systemClock } from "../../time/clock.ts";
import { AccountLedger } from "./account-ledger.ts";
import { AddressLedger } from "./address-ledger.ts";
import { DUPLICATE_ORDER, NO_API_KEY, NO_SUCH_ENDPOINT, clientOrderIdOf, forbiddenAnswer, orderRefusalAnswer, refusalAnswer, successAnswer } from "./answers.ts";
import { totalsOf } from "./books.ts";
import type { ExchangeBooks, RepeatedOrder } from "./books.ts";
import { headerOf, intervalSuffix, parametersOf } from "./messages.ts";
import type { ExchangeAnswer, ExchangeRequest } from "./messages.ts";
import { exchangeSettings } from "./options.ts";
import type { ExchangeOptions, ExchangeSettings } from "./options.ts";
import { exchangeReport } from "./report.ts";
import { binanceSpotPrice, priced } from "./weights.ts";
import type { Price } from "./weights.ts";

/** An exchange without sockets: a function from requests to answers, and the books that it judges by. */
export interface ExchangeCore {
  readonly settings: ExchangeSettings;
  /** Requests have to come in the order in which they arrive. */
  handle(request: ExchangeRequest): ExchangeAnswer;
  /** Epoch milliseconds by the exchange's own clock. @param at On the scale of the clock's `now()`. @default now */
  serverTime(at?: number): number;
  /** What other programs spend on an address: one request of this weight. */
  spend(address: string, weight: number): void;
  /** Answers an address with 403, as a firewall rule does, until it is told to stop. */
  forbid(address: string, forbidden?: boolean): void;
  intercept(answer: ((request: ExchangeRequest) => ExchangeAnswer | undefined) | undefined): void;
  /** What an address has used of the window that is open now. */
  used(address: string): number;
  /** A copy. */
  books(): ExchangeBooks;
  /** The sums alone: cheap enough to show every second. */
  totals(): ExchangeBooks["totals"];
  /** The books as a table for people. */
  report(): string;
  /** Forgets everything that was counted, bans and prohibitions included. */
  reset(): void;
}

/** Limits by source address and by account, the way Binance spot does. */
export function createExchangeCore(options: ExchangeOptions = {}): ExchangeCore {
  const settings = exchangeSettings(options);
  const clock = options.clock ?? systemClock;
  // From here on only `now()` counts: a jump of this machine's wall clock is none of the exchange's.
  const epoch = clock.wallTime() - clock.now() + (options.clockOffsetMs ?? 0);
  const addresses = new Map<string, AddressLedger>();
  const accounts = new Map<string, AccountLedger>();
  const orders = new Map<string, RepeatedOrder>();
  const forbidden = new Set<string>();
  let intercept = options.intercept;
  const weightHeader = `x-mbx-used-weight-${intervalSuffix(settings.windowMs)}`;

  const serverTime = (at = clock.now()): number => epoch + at;
  const addressOf = (address: string): AddressLedger => entry(addresses, address, () => new AddressLedger(settings));
  const accountOf = (key: string): AccountLedger => entry(accounts, key, () => new AccountLedger(settings));

  function priceOf(request: ExchangeRequest): Price | undefined {
    return options.weigh === undefined ? binanceSpotPrice(request) : priced(options.weigh(request));
  }

  /** What the address and the firewall let through. */
  function process(request: ExchangeRequest, price: Price | undefined, time: number, ledger: AddressLedger, order: RepeatedOrder | undefined): ExchangeAnswer {
    if (order !== undefined) order.processed += 1;
    const intercepted = intercept?.(request);
    if (intercepted !== undefined) return { ...intercepted, headers: { ...intercepted.headers } };
    if (price === undefined) return copy(NO_SUCH_ENDPOINT);
    const key = headerOf(request, "x-mbx-apikey");
    if (price.signed === true && key === undefined) return copy(NO_API_KEY);
    if (order !== undefined && order.processed > 1) return copy(DUPLICATE_ORDER);

    const placed = price.orders ?? 0;
    if (placed > 0) {
      const refusal = accountOf(key ?? "").placeAt(time, placed);
      if (refusal !== undefined) {
        // Refused without being placed: it may come again under the same id.
        if (order !== undefined) order.processed -= 1;
        return orderRefusalAnswer(refusal);
      }
    }
    ledger.refundAt(time, price.weight - (price.weightOnSuccess ?? price.weight));
    const answer = successAnswer(request, parametersOf(request), time, settings);
    if (placed > 0) {
      const { in10s, in1d } = accountOf(key ?? "").countsAt(time);
      answer.headers["x-mbx-order-count-10s"] = String(in10s);
      answer.headers["x-mbx-order-count-1d"] = String(in1d);
    }
    return answer;
  }

  function noteOrder(request: ExchangeRequest): RepeatedOrder | undefined {
    const id = request.method === "POST" ? clientOrderIdOf(parametersOf(request)) : null;
    if (id === null) return undefined;
    const order = entry(orders, id, () => ({ clientOrderId: id, seen: 0, processed: 0 }));
    order.seen += 1;
    return order;
  }

  function answerTo(request: ExchangeRequest, time: number, ledger: AddressLedger): ExchangeAnswer {
    const price = priceOf(request);
    const order = noteOrder(request);
    // Counted before anything else: what is refused counts all the same.
    ledger.countAt(time, price?.weight ?? 1);
    if (forbidden.has(request.address)) return forbiddenAnswer();
    const refusal = ledger.judgeAt(time);
    const answer = refusal === undefined ? process(request, price, time, ledger, order) : refusalAnswer(refusal, settings);
    if (answer.status !== 418) answer.headers[weightHeader] = answer.headers["x-mbx-used-weight"] = String(ledger.usedAt(time));
    return answer;
  }

  function openBooks(): Omit<ExchangeBooks, "totals"> {
    return {
      addresses: Object.fromEntries([...addresses].map(([address, ledger]) => [address, ledger.book])),
      accounts: Object.fromEntries([...accounts].map(([key, ledger]) => [key, ledger.book])),
      repeatedOrders: [...orders.values()].filter((order) => order.seen > 1),
    };
  }

  function books(): ExchangeBooks {
    const open = openBooks();
    return structuredClone({ ...open, totals: totalsOf(open) });
  }

  return {
    settings,
    handle(request) {
      const time = serverTime(request.at);
      const ledger = addressOf(request.address);
      const answer = answerTo(request, time, ledger);
      answer.headers["date"] = new Date(time).toUTCString();
      ledger.answered(answer.status);
      return answer;
    },
    serverTime,
    spend: (address, weight) => addressOf(address).spendAt(serverTime(), weight),
    forbid(address, forbid = true) {
      if (forbid) forbidden.add(address);
      else forbidden.delete(address);
    },
    intercept(answer) {
      intercept = answer;
    },
    used: (address) => addresses.get(address)?.usedAt(serverTime()) ?? 0,
    books,
    totals: () => totalsOf(openBooks()),
    report: () => exchangeReport(books(), settings),
    reset() {
      for (const book of [addresses, accounts, orders, forbidden]) book.clear();
    },
  };
}

function copy(answer: ExchangeAnswer): ExchangeAnswer {
  return { ...answer, headers: { ...answer.headers } };
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
