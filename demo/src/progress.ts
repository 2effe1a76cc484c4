import type { Exchange } from "@multihome/core/testing";
import { WINDOW_LIMIT } from "./exchange.ts";
import { meters, type Meter } from "./meters.ts";
import { screen } from "./screen.ts";
import { bold, grouped, red, say } from "./terminal.ts";

/** What only the sender knows: the exchange sees neither what waits nor who would have been free. */
export interface Senders {
  readonly sent: number;
  readonly waiting: number;
  /** Each way out, and how much of its window it has used. */
  readonly meters: readonly Meter[];
}

const LINE_EVERY_MS = 1_000;
/** Often enough to see bars grow, seldom enough to cost nothing. */
const DRAW_EVERY_MS = 200;

const HEAD = ["time", "served/s", "weight/s", "429 so far", "418 so far", "in flight", "waiting"];

/** Shows a run as it goes: drawn in place in a terminal, a line a second elsewhere. Returns how to stop it, with a last look. */
export function showProgress(exchange: Exchange, look: () => Senders): () => void {
  const speed = new Speed(exchange);
  if (!screen.alive) say(bold(`  ${cells(HEAD)}`));

  function line(): string {
    const { sent, waiting } = look();
    const { servedPerSecond, weightPerSecond, refused429, refused418 } = speed;
    const text = `  ${cells([`${Math.round(speed.elapsedMs / 1_000)} s`, ...[servedPerSecond, weightPerSecond, refused429, refused418, sent, waiting].map(grouped)])}`;
    return refused429 + refused418 > 0 ? red(text) : text;
  }
  function show(): void {
    speed.measure();
    if (screen.alive) screen.draw([bold(`  ${cells(HEAD)}`), line(), "", ...meters(look().meters, WINDOW_LIMIT, screen.columns)]);
    else say(line());
  }

  const timer = setInterval(show, screen.alive ? DRAW_EVERY_MS : LINE_EVERY_MS);
  return () => {
    clearInterval(timer);
    // Less than half a second says little about a second.
    if (screen.alive || speed.sinceMeasuredMs > LINE_EVERY_MS / 2) show();
    screen.end();
  };
}

/** From the exchange's books: what was served over the last second or so. */
class Speed {
  readonly #exchange: Exchange;
  readonly #begun = performance.now();
  /** Of the last second, oldest first. */
  #looks: { at: number; served: number; weight: number }[];
  refused429 = 0;
  refused418 = 0;
  servedPerSecond = 0;
  weightPerSecond = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#looks = [{ at: this.#begun, served: 0, weight: 0 }];
  }

  get elapsedMs(): number {
    return performance.now() - this.#begun;
  }

  get sinceMeasuredMs(): number {
    return performance.now() - (this.#looks.at(-1)?.at ?? 0);
  }

  measure(): void {
    const { statuses, weight } = this.#exchange.totals();
    const newest = { at: performance.now(), served: statuses[200] ?? 0, weight };
    this.#looks.push(newest);
    // The one before the last second stays: it is what the second is measured from.
    while (this.#looks.length > 2 && newest.at - this.#looks[1].at >= LINE_EVERY_MS - DRAW_EVERY_MS / 2) this.#looks.shift();
    const [oldest] = this.#looks;
    const seconds = (newest.at - oldest.at) / 1_000;
    this.servedPerSecond = (newest.served - oldest.served) / seconds;
    this.weightPerSecond = (newest.weight - oldest.weight) / seconds;
    this.refused429 = statuses[429] ?? 0;
    this.refused418 = statuses[418] ?? 0;
  }
}

function cells(texts: readonly string[]): string {
  return texts.map((text, column) => text.padStart(column === 0 ? 4 : 12)).join("");
}
