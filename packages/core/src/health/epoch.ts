/** The present never stands above this, so that a time ahead of it by as much still fits 32 bits. */
const HALF = 2 ** 31;
/** What is kept of the past when the scale is moved on: 12.4 days. Nothing older than minutes matters to a score. */
const KEPT = 2 ** 30;
/** How far the scale reaches back before its first moment, for what happened before this process: 3.1 days. */
const BEFORE = 2 ** 28;
/** A clock that goes back by less is one whose readings came in another order. */
const JUMP_MS = 1_000;

/**
 * Times in 32 bits: whole milliseconds since an origin that lies before everything worth remembering, 0 meaning never. Two things may happen to a clock, and neither
 * breaks a stored time. After three weeks the origin moves on, and all stored times with it (`rebase`). When the clock jumps
 * back, the origin goes back with it, so that a rest lasts as long as it was meant to.
 */
export class Epoch {
  private readonly rebase: (byMs: number) => void;
  private origin = Number.NaN;
  private last = 0;

  /** @param rebase subtracts from every stored time; see `moved` */
  constructor(rebase: (byMs: number) => void) {
    this.rebase = rebase;
  }

  /** The tick of this moment, at least 1. */
  tick(now: number): number {
    const tick = Math.ceil(now) - this.origin;
    if (!(now >= this.last && tick >= 1 && tick <= HALF)) return this.unusual(now);
    this.last = now;
    return tick;
  }

  /** The clock went back, or the moment does not fit. */
  private unusual(now: number): number {
    if (!(now >= this.last)) this.wentBack(now);
    this.last = now;
    const tick = Math.ceil(now) - this.origin;
    return tick >= 1 && tick <= HALF ? tick : this.outside(now);
  }

  /** The moment of a tick, on the clock's scale. */
  at(tick: number): number {
    return this.origin + tick;
  }

  private wentBack(now: number): void {
    if (this.last - now > JUMP_MS) this.origin -= Math.floor(this.last - now);
  }

  /** Before the first moment, or beyond what fits. */
  private outside(now: number): number {
    if (Number.isNaN(this.origin)) this.origin = Math.floor(now) - BEFORE;
    const tick = Math.max(1, Math.ceil(now) - this.origin);
    return tick <= HALF ? tick : this.moveOn(tick);
  }

  private moveOn(tick: number): number {
    const by = tick - KEPT;
    this.origin += by;
    this.rebase(by);
    return KEPT;
  }
}

/** A stored time on a scale whose origin has moved on: never stays never, what lies before the new origin is long ago. */
export function moved(tick: number, byMs: number): number {
  return tick === 0 ? 0 : Math.max(1, tick - byMs);
}
