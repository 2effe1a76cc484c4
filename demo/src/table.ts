import type { ExitReport, PooledResult } from "./pooled.ts";
import type { RunResult } from "./plain.ts";
import { WINDOW_LIMIT, WINDOW_MS } from "./exchange.ts";
import { bold, green, grouped, red, say } from "./terminal.ts";

/** What a run comes down to; `RESULT` prints it as JSON. */
export interface Figures {
  readonly addresses: number;
  readonly asked: number;
  readonly served: number;
  readonly refused429: number;
  readonly refused418: number;
  readonly bans: number;
  readonly fullestWindow: number;
  readonly orders: number;
  readonly doubleOrders: number;
  /** Served by the exchange, and lost on the way back. */
  readonly lost: number;
  /** Neither served nor refused, as the caller saw it. */
  readonly unanswered: number;
}

/** From the exchange's books, except for what only the caller can know: how much it asked for, and what was never answered. */
export function figuresOf({ addresses, books, tally }: RunResult): Figures {
  const { statuses, bans, orders, doubleOrders } = books.totals;
  return {
    addresses,
    asked: tally.asked,
    served: statuses[200] ?? 0,
    refused429: statuses[429] ?? 0,
    refused418: statuses[418] ?? 0,
    bans,
    fullestWindow: Math.max(0, ...Object.values(books.addresses).map(({ peakUsed }) => peakUsed)),
    orders,
    doubleOrders,
    lost: Math.max(0, (statuses[200] ?? 0) - tally.served),
    unanswered: tally.asked - tally.served - tally.refused,
  };
}

type Row = readonly [what: string, of: (figures: Figures) => string, isBad?: (figures: Figures) => boolean];

const ROWS: readonly Row[] = [
  ["addresses that the exchange saw", ({ addresses }) => grouped(addresses)],
  ["requests asked for", ({ asked }) => grouped(asked)],
  ["served", ({ served }) => grouped(served), ({ served, asked }) => served < asked / 2],
  ["refused with 429", ({ refused429 }) => grouped(refused429), ({ refused429 }) => refused429 > 0],
  ["refused with 418, banned", ({ refused418 }) => grouped(refused418), ({ refused418 }) => refused418 > 0],
  ["bans", ({ bans }) => grouped(bans), ({ bans }) => bans > 0],
  [`fullest window, of ${WINDOW_LIMIT} in ${WINDOW_MS / 1_000} s`, ({ fullestWindow }) => grouped(fullestWindow), ({ fullestWindow }) => fullestWindow > WINDOW_LIMIT],
  ["orders accepted", ({ orders }) => grouped(orders)],
  ["orders processed twice", ({ doubleOrders }) => grouped(doubleOrders), ({ doubleOrders }) => doubleOrders > 0],
  ["without an answer at the end", ({ unanswered }) => grouped(unanswered)],
];

export function showTable(plain: RunResult, pooled: PooledResult): void {
  const runs = [plain, pooled];
  const figures = runs.map(figuresOf);
  const wide = Math.max(...ROWS.map(([what]) => what.length));
  const rule = `  ${"─".repeat(wide + 2 * 20)}`;
  say(bold(`  ${"".padEnd(wide)}${runs.map(({ name }) => name.padStart(20)).join("")}`));
  say(rule);
  for (const [what, of, isBad] of ROWS) {
    const values = figures.map((run) => {
      const text = of(run).padStart(20);
      return isBad === undefined ? text : isBad(run) ? red(text) : green(text);
    });
    say(`  ${what.padEnd(wide)}${values.join("")}`);
  }
  say(rule);
  say(`  SOCKS5 exits, as the pool saw them: ${pooled.proxies.map(describe).join(", ")}.`);
  if (figures[1].lost > 0) say(`  ${counted(figures[1].lost, "answer")} got lost in the flaky proxy; what may be sent twice was asked for again. An order never is.`);
  say();
  say(`  ${bold(conclusion(figures[0], figures[1]))}`);
}

function describe({ name, success, fail }: ExitReport): string {
  return `${name} ${counted(success, "answer")}${fail > 0 ? ` and ${counted(fail, "failure")}` : ""}`;
}

function conclusion(plain: Figures, pooled: Figures): string {
  const got = pooled.unanswered === 0 ? "all of them" : `${grouped(pooled.served)} of them`;
  const refusals = pooled.refused429 + pooled.refused418;
  return `The same ${grouped(pooled.asked)} requests: one address got ${grouped(plain.served)} of them served and ${counted(plain.bans, "ban")}; the pool got ${got} served, with ${refusals === 0 ? "no refusal" : counted(refusals, "refusal")}.`;
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}
