import { createExitPool } from "@multihome/core";
import type { ExitPool, Logger } from "@multihome/core";
import type { Exchange } from "@multihome/core/testing";
import { binanceSpot } from "@multihome/core/venues";
import { startStatusServer } from "@multihome/status-page";
import { startDemoExchange, WINDOW_LIMIT, WINDOW_MS } from "./exchange.ts";
import { dim, say } from "./terminal.ts";
import { openWaysOut } from "./ways-out.ts";
import type { WaysOut } from "./ways-out.ts";

/** What the second run needs. It is there from the beginning, so that its page can be looked at from the beginning. */
export interface Stage {
  readonly exchange: Exchange;
  readonly ways: WaysOut;
  readonly pool: ExitPool;
  readonly pageUrl: string;
  /** From now on the pool's log is printed, and what it has said so far. */
  openLog(): void;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const exchange = await startDemoExchange();
  const ways = await openWaysOut();
  const log = new HeldLog();
  const pool = poolOver(ways, log);
  const page = await startStatusServer(pool);
  return {
    exchange,
    ways,
    pool,
    pageUrl: page.url,
    openLog: () => log.open(),
    async close() {
      await pool.close();
      await Promise.all([ways.close(), exchange.close()]);
    },
  };
}

function poolOver({ local, proxies, proxiesHaveAddresses }: WaysOut, logger: Logger): ExitPool {
  return createExitPool({
    exits: {
      local: local.length === 0 ? false : [...local],
      proxies: Object.values(proxies),
      // Without addresses of their own the proxies share what the exchange allows one address.
      ...(proxiesHaveAddresses ? {} : { egress: () => "127.0.0.1" }),
    },
    targets: {
      binance: {
        ...binanceSpot(),
        hosts: "127.0.0.1",
        // A real program takes binanceSpot() as it is; this exchange has shorter windows.
        limits: [
          { name: "weight-2s", unit: "weight", limit: WINDOW_LIMIT, per: WINDOW_MS, align: "fixed" },
          { name: "orders-10s", unit: "order", limit: 100, per: "10s", align: "fixed", scope: "account" },
        ],
        spacing: 0,
      },
    },
    logger,
  });
}

/** The pool finds its exits before anybody has been told what this is about. */
class HeldLog implements Logger {
  #held: string[] | undefined = [];

  open(): void {
    for (const line of this.#held ?? []) say(dim(`  ${line}`));
    this.#held = undefined;
  }

  debug(): void {}
  readonly info = (_fields: object, message: string): void => this.#print(message);
  readonly warn = (_fields: object, message: string): void => this.#print(message);
  readonly error = (_fields: object, message: string): void => this.#print(message);

  #print(message: string): void {
    if (this.#held === undefined) say(dim(`  ${message}`));
    else this.#held.push(message);
  }
}
