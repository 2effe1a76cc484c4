import type { ServerClock } from "../time/server-clock.ts";
import { durationMs } from "../time/duration.ts";
import type { Align, Limit, LimitScope } from "../model/limits.ts";
import { BucketMeter } from "./bucket-meter.ts";
import { FixedMeter } from "./fixed-meter.ts";
import type { Meter } from "./meter.ts";
import { SlidingMeter } from "./sliding-meter.ts";
import { usedHeaderNames } from "./used-headers.ts";

/** More counters of one limit than this, and idle ones are given up: instruments and accounts come from outside. */
const MOST_KEYS = 10_000;

/** One limit of a target, with its counters. */
export class QuotaLimit {
  readonly name: string;
  readonly unit: string;
  readonly scope: LimitScope;
  readonly align: Align;
  readonly meter: Meter;
  /** Headers that may name what is used of it, the surest first. */
  usedHeaders: readonly string[];
  /** The one of them that this server was seen to send. */
  usedHeader: string | undefined;
  /** An answer named this limit: until then nothing that it counts is sent, by row. */
  readonly pausedUntil: number[] = [];
  readonly #rows = new Map<string, number>();
  readonly #spare: number[] = [];
  #nextRow = 0;

  constructor(limit: Limit, clock: ServerClock, onlyOfItsUnit: boolean) {
    this.name = limit.name;
    this.unit = limit.unit;
    this.scope = limit.scope ?? "exit";
    this.align = limit.align ?? "sliding";
    this.meter = makeMeter(this.align, limit.limit, durationMs(limit.per), clock);
    this.usedHeaders = usedHeaderNames(limit.unit, this.meter.perMs, onlyOfItsUnit);
  }

  /** Takes another size, and keeps its counters; false where it has become another limit. */
  resize(limit: Limit, onlyOfItsUnit: boolean): boolean {
    const same = limit.unit === this.unit && (limit.scope ?? "exit") === this.scope && (limit.align ?? "sliding") === this.align && durationMs(limit.per) === this.meter.perMs;
    if (!same) return false;
    this.meter.limit = limit.limit;
    this.usedHeaders = usedHeaderNames(limit.unit, this.meter.perMs, onlyOfItsUnit);
    return true;
  }

  /** The counter of an exit without a key is its egress index; every other has a row by name, far above. */
  rowOf(egress: number, account: string | undefined, key: string | undefined, now: number): number {
    if (this.scope === "exit" && key === undefined) return egress * 2;
    const name = this.scope === "exit" ? `${egress} ${key}` : this.scope === "account" ? (key === undefined ? (account ?? "") : `${account ?? ""} ${key}`) : (key ?? "");
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    if (this.#rows.size >= MOST_KEYS) this.#sweep(now);
    // Even rows are exits', odd ones are keys': neither has to know how many there are of the other.
    const row = this.#spare.pop() ?? this.#nextRow++ * 2 + 1;
    this.#rows.set(name, row);
    return row;
  }

  /** Units that may be taken now: none while the limit itself is paused. */
  room(row: number, now: number): number {
    return this.pausedUntil.length > 0 && this.pausedUntil[row] > now ? 0 : this.meter.room(row, now);
  }

  freeAt(row: number, now: number, units: number): number {
    const at = this.meter.freeAt(row, now, units);
    return this.pausedUntil.length > 0 && this.pausedUntil[row] > at ? this.pausedUntil[row] : at;
  }

  pause(row: number, until: number): void {
    if (!(this.pausedUntil[row] >= until)) this.pausedUntil[row] = until;
  }

  #sweep(now: number): void {
    for (const [name, row] of this.#rows) {
      if (!this.meter.idle(row, now) || this.pausedUntil[row] > now) continue;
      this.meter.clear(row);
      this.#rows.delete(name);
      this.#spare.push(row);
    }
  }
}

function makeMeter(align: Align, limit: number, perMs: number, clock: ServerClock): Meter {
  switch (align) {
    case "fixed":
      return new FixedMeter(limit, perMs, clock);
    case "sliding":
      return new SlidingMeter(limit, perMs);
    case "bucket":
      return new BucketMeter(limit, perMs);
    default: {
      const never: never = align;
      throw new TypeError(`Unknown align ${String(never)}.`);
    }
  }
}
