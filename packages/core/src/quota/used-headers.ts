import type { ResponseInfo } from "../model/response.ts";

/** Headers that name used units, by the unit that they count. Names as Binance documents them under "IP Limits" and "Unfilled Order Count". */
const PREFIX: Record<string, string> = { weight: "x-mbx-used-weight", order: "x-mbx-order-count" };
/** Intervals looked for where a target has only one limit of a unit: the ones in documented use, and the old form without any. */
const COMMON_INTERVALS = ["-1m", "-1s", "-10s", "-5m", "-1h", "-1d", ""];
const LETTERS: readonly (readonly [ms: number, letter: string])[] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "m"], [1_000, "s"]];

const FIGURE = /^\d{1,9}$/;
/** After so many answers without one, it is looked for only in every 32nd: most servers have none. */
const PATIENCE = 8;
const LOOK_EVERY = 32;

/** Where the answers of a server name what is used of one limit. */
export class UsedHeaders {
  /** The surest first. */
  readonly names: readonly string[];
  /** The one that this server was seen to send. */
  #known: string | undefined;
  #misses = 0;

  constructor(unit: string, perMs: number, onlyOfItsUnit: boolean) {
    this.names = usedHeaderNames(unit, perMs, onlyOfItsUnit);
  }

  /** Units used, as an answer says; the header that was seen before is asked alone while it goes on coming. */
  read(info: ResponseInfo, limit: number): number | undefined {
    if (this.#known !== undefined) {
      const used = parseUsed(info.header(this.#known), limit);
      if (used !== undefined) {
        this.#misses = 0;
        return used;
      }
    }
    if (this.#misses++ >= PATIENCE && this.#misses % LOOK_EVERY !== 0) return undefined;
    for (const name of this.names) {
      if (name === this.#known) continue;
      const used = parseUsed(info.header(name), limit);
      if (used === undefined) continue;
      this.#known = name;
      this.#misses = 0;
      return used;
    }
    return undefined;
  }
}

/** `-1m`, `-10s`: the suffix of a header that counts over `perMs`; `undefined` for spans that have no such form. */
export function intervalSuffix(perMs: number): string | undefined {
  for (const [ms, letter] of LETTERS) if (perMs % ms === 0) return `-${perMs / ms}${letter}`;
  return undefined;
}

/** Which headers to look for on behalf of a limit, the surest first. */
export function usedHeaderNames(unit: string, perMs: number, onlyOfItsUnit: boolean): readonly string[] {
  const prefix = PREFIX[unit];
  if (prefix === undefined) return [];
  const own = intervalSuffix(perMs);
  const suffixes = onlyOfItsUnit ? [...(own === undefined ? [] : [own]), ...COMMON_INTERVALS.filter((suffix) => suffix !== own)] : own === undefined ? [] : [own];
  return suffixes.map((suffix) => prefix + suffix);
}

/**
 * The figure in such a header; the largest where a middleman has joined several. `undefined` for anything but plain digits
 * and for figures beyond ten times the limit, which no server means.
 */
export function parseUsed(value: string | undefined, limit: number): number | undefined {
  if (value === undefined || value.length > 200) return undefined;
  if (FIGURE.test(value)) return plausible(Number(value), limit);
  let largest: number | undefined;
  for (const part of value.split(",")) {
    const text = part.trim();
    const figure = FIGURE.test(text) ? plausible(Number(text), limit) : undefined;
    if (figure !== undefined && (largest === undefined || figure > largest)) largest = figure;
  }
  return largest;
}

function plausible(figure: number, limit: number): number | undefined {
  return figure <= limit * 10 ? figure : undefined;
}
