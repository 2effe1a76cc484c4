/** One request of the workload, in the words of none of the clients. */
export interface WorkRequest {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  /** A form, for orders. */
  readonly body?: string;
}

/** Sends one request through a client of its own and answers with the status; rejects when no answer came. */
export type Send = (request: WorkRequest) => Promise<number>;

/** What became of the requests so far, as their callers saw it. */
export interface Tally {
  asked: number;
  /** Answered with 200. */
  served: number;
  /** Answered with anything else. */
  refused: number;
  /** Ended without an answer. */
  failed: number;
}

export interface Pace {
  /** How long requests keep coming, in milliseconds. */
  readonly forMs: number;
  readonly perSecond: number;
  /** How long the last of them may take, in milliseconds. */
  readonly patienceMs: number;
}

/** Whose orders the demo places: accounts have limits of their own, over all addresses. */
export const API_KEY = "demo-key";

const SYMBOLS = ["BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT", "TRXUSDT", "LTCUSDT", "DOTUSDT"];

/**
 * What a market-data program with a few orders sends, again and again: 40 requests that weigh 438 by Binance's documents, up to 80
 * each. Written out, so that both runs send the very same.
 */
const ROUND: readonly string[] = [
  ...repeat(16, "depth?symbol=$&limit=100"), // 5 each
  ...repeat(6, "depth?symbol=$&limit=500"), // 25 each
  ...repeat(2, "depth?symbol=$&limit=1000"), // 50 each
  ...repeat(6, "klines?symbol=$&interval=1m&limit=500"), // 2 each
  ...repeat(6, "ticker/24hr?symbol=$"), // 2 each
  ...repeat(1, "ticker/24hr"), // 80
  ...repeat(1, "order"), // 0 once it is accepted
  ...repeat(2, "avgPrice?symbol=$"), // 2 each
];
/** Shares no factor with a round's length, so that heavy and light requests alternate. */
const STRIDE = 7;

/** The `index`-th request of the workload; the same in every run, but for the number of an order, which `run` makes its own. */
export function requestAt(index: number, run: string): WorkRequest {
  const symbol = SYMBOLS[index % SYMBOLS.length];
  const endpoint = ROUND[(index * STRIDE) % ROUND.length].replace("$", symbol);
  if (endpoint !== "order") return { method: "GET", path: `/api/v3/${endpoint}` };
  const body = new URLSearchParams({ symbol, side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.01", price: "100", newClientOrderId: `${run}-${index}` });
  return { method: "POST", path: "/api/v3/order", body: body.toString() };
}

/** Sends the workload at its pace, whatever becomes of the answers, as a program does that has a schedule to keep. */
export async function runWorkload(run: string, senders: readonly Send[], { forMs, perSecond, patienceMs }: Pace, tally: Tally): Promise<void> {
  const begun = performance.now();
  const total = Math.round((forMs / 1_000) * perSecond);
  const pending = new Set<Promise<void>>();
  while (tally.asked < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - begun) / 1_000) * perSecond));
    for (; tally.asked < due; tally.asked++) {
      const outcome = senders[tally.asked % senders.length](requestAt(tally.asked, run)).then(
        (status) => void (status === 200 ? tally.served++ : tally.refused++),
        () => void tally.failed++,
      );
      pending.add(outcome);
      void outcome.then(() => pending.delete(outcome));
    }
    await pause(20);
  }
  await Promise.race([Promise.all(pending), pause(patienceMs)]);
}

function repeat(count: number, text: string): string[] {
  return new Array<string>(count).fill(text);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // The exchange keeps the process alive as long as it is needed.
    setTimeout(resolve, ms).unref();
  });
}
