import axios from "axios";
import type { Exchange, ExchangeBooks } from "@multihome/core/testing";
import { sendByAxios } from "./clients.ts";
import { startDemoExchange, WINDOW_MS } from "./exchange.ts";
import type { Meter } from "./meters.ts";
import { showProgress } from "./progress.ts";
import { runWorkload } from "./workload.ts";
import type { Pace, Tally } from "./workload.ts";

export interface RunResult {
  readonly name: string;
  /** Addresses that the exchange can tell apart. */
  readonly addresses: number;
  readonly books: ExchangeBooks;
  readonly tally: Tally;
}

/** The workload from one address, by an axios as it comes. */
export async function runPlain(pace: Pace): Promise<RunResult> {
  const exchange = await startDemoExchange();
  const tally: Tally = { asked: 0, served: 0, refused: 0, failed: 0 };
  // Not through a proxy that happens to be in this shell's environment.
  const client = axios.create({ proxy: false });
  const stop = showProgress(exchange, () => ({ sent: tally.asked - tally.served - tally.refused - tally.failed, waiting: 0, meters: metersOf(exchange) }));
  try {
    await runWorkload("plain", [sendByAxios(client, exchange.url)], pace, tally);
  } finally {
    stop();
    await exchange.close();
  }
  return { name: "axios alone", addresses: 1, books: exchange.books(), tally };
}

/** What the exchange counts for the one address, refused requests included. */
function metersOf(exchange: Exchange): Meter[] {
  return Object.entries(exchange.books().addresses).map(([name, { windows }]) => {
    const window = windows.at(-1);
    const runs = window !== undefined && window.startsAt + WINDOW_MS > Date.now();
    return { name, used: runs ? window.used : 0, state: runs && window.banned > 0 ? "banned" : undefined };
  });
}
