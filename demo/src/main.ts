import process from "node:process";
import { WINDOW_LIMIT, WINDOW_MS } from "./exchange.ts";
import { runPlain } from "./plain.ts";
import { runPooled, sendOn } from "./pooled.ts";
import { endCleanly } from "./screen.ts";
import { openStage } from "./stage.ts";
import { figuresOf, showTable } from "./table.ts";
import { bold, say } from "./terminal.ts";
import type { Pace } from "./workload.ts";

/** Four windows. About 1,750 weight a second: seventeen times what one address is allowed, three quarters of what the pool's exits are. */
const PACE: Pace = { forMs: 4 * WINDOW_MS, perSecond: 160, patienceMs: 3_000 };
/** With --stay it goes on until Ctrl-C, for whoever wants to look at the page. */
const STAY: Pace = { ...PACE, forMs: 10 * 60_000 };

const HELP = `npm start -- [--stay] [--help]

The same requests twice against a small exchange on this machine: by a plain axios, then by axios, got and fetch through one pool.

  --stay   goes on until Ctrl-C, for whoever wants to look at the status page
  --help   says this

MULTIHOME_DEMO_JSON=1 prints the figures as JSON as well.`;

async function main(given: readonly string[]): Promise<void> {
  const unknown = given.filter((flag) => flag !== "--stay" && flag !== "--help" && flag !== "-h");
  if (unknown.length > 0) {
    process.stderr.write(`There is no ${unknown.join(", ")}.\n\n${HELP}\n`);
    process.exitCode = 2;
    return;
  }
  if (given.includes("--help") || given.includes("-h")) {
    say(HELP);
    return;
  }
  endCleanly();
  const stay = given.includes("--stay");
  const stage = await openStage();
  say(`Status page: ${bold(stage.pageUrl)}${stay ? "" : " (until the demo ends; npm start -- --stay goes on until Ctrl-C)"}`);
  say();
  say(`A small Binance on this machine: ${WINDOW_LIMIT} weight in ${WINDOW_MS / 1_000} seconds for each address (as 6,000 a minute), 429 beyond that, then bans.`);
  say(`The same requests twice: ${PACE.perSecond} a second for ${PACE.forMs / 1_000} seconds, order books, candles, tickers and some orders.`);
  say();
  say(bold("1. A plain axios, from one address"));
  const plain = await runPlain(PACE);
  say();
  say(bold("2. axios, got and fetch, through one pool"));
  const pooled = await runPooled(stage, PACE);
  say();
  say(bold("What the exchange has in its books"));
  showTable(plain, pooled);
  // For scripts: a terminal has the table.
  if (!process.stdout.isTTY || process.env["MULTIHOME_DEMO_JSON"]) say(`RESULT ${JSON.stringify({ plain: figuresOf(plain), pooled: figuresOf(pooled) })}`);
  if (stay) {
    say();
    say(`Still sending through the pool. ${bold(stage.pageUrl)} shows it; Ctrl-C ends it.`);
    await sendOn(stage, STAY);
  }
  await stage.close();
}

await main(process.argv.slice(2));
