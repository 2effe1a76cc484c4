import type { Exchange } from "@multihome/core/testing";
import { bold, grouped, red, say } from "./terminal.ts";

/** One line a second from the exchange's books. Returns how to stop it, with a last line. */
export function showProgress(exchange: Exchange, inFlight: () => { sent: number; waiting: number }): () => void {
  const begun = performance.now();
  let shownAt = begun;
  let before = { served: 0, weight: 0 };
  say(bold(`  ${cells(["time", "served/s", "weight/s", "429 so far", "418 so far", "in flight", "waiting"])}`));

  function show(): void {
    const now = performance.now();
    const span = (now - shownAt) / 1_000;
    const { statuses, weight } = exchange.totals();
    const served = statuses[200] ?? 0;
    const { sent, waiting } = inFlight();
    const refusals = [statuses[429] ?? 0, statuses[418] ?? 0];
    const figures = [(served - before.served) / span, (weight - before.weight) / span, ...refusals, sent, waiting].map(grouped);
    const line = `  ${cells([`${Math.round((now - begun) / 1_000)} s`, ...figures])}`;
    say(refusals.some((count) => count > 0) ? red(line) : line);
    shownAt = now;
    before = { served, weight };
  }

  const timer = setInterval(show, 1_000);
  return () => {
    clearInterval(timer);
    // Less than half a second says little about a second.
    if (performance.now() - shownAt > 500) show();
  };
}

function cells(texts: readonly string[]): string {
  return texts.map((text, column) => text.padStart(column === 0 ? 4 : 12)).join("");
}
