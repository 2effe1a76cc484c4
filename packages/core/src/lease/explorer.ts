import { TimeHeap } from "../time/time-heap.ts";

/** What the explorer has to know of the exits of a pool; the pool's beliefs are one. */
export interface Scouted {
  readonly tick: number;
  /** Exits that have ever worked. */
  readonly known: readonly number[];
  isProxy(exit: number): boolean;
  hasWorked(exit: number): boolean;
  isTesting(exit: number): boolean;
  /** Likelihood that it is up. */
  up(exit: number): number;
  dueAt(exit: number): number;
  backoffMs(exit: number): number;
}

/** The exits that there are; the exit table is one. */
export interface Roll {
  readonly length: number;
  /** Counts every coming and going. */
  readonly turns: number;
  isUsable(exit: number): boolean;
}

/** Exits that have worked before and are looked at for one test: enough to find a good one, whatever their number. */
const SAMPLE = 16;
/** As many are all looked at, where it matters when the next one is due. */
const FEW = 256;
/** With more than that somebody looks again so soon: in ten seconds one of so many is due. */
const LOOK_AGAIN_MS = 1_000;
/** Exits of the sweep that may not be used just now are passed over, so many at a time. */
const PASSED_OVER = 8;
/** One that waits for nothing but the end of another attempt is looked at again so soon. */
const PASS_MS = 1_000;
/** A request without any exit takes half of their rest from exits that are to be tested later once it has waited for so long. */
const PATIENCE_MS = 2_000;
/** However long it waits, a tenth of their rest stays: no list of dead exits is tested without a pause. */
const MOST_SQUEEZE = 0.9;

/**
 * Which exits are worth a test, apart from those that are new to a host and work elsewhere: ones that have worked before and
 * idle or are down, and ones that never have, in turn. Each of the latter has one entry in the sweep, by when it is due, except
 * while it is being tested or once it has worked.
 */
export class Explorer {
  readonly #exits: Scouted;
  readonly #random: () => number;
  readonly #sweep = new TimeHeap();
  /** Who has an entry in it. */
  #swept = new Uint8Array(0);
  #turns = -1;
  #lastTick = 0;

  constructor(exits: Scouted, random: () => number) {
    this.#exits = exits;
    this.#random = random;
  }

  /** Takes in who has come since the last time. New ones are tested in random order: lists are sorted by who knows what. */
  meet(roll: Roll): void {
    if (roll.turns === this.#turns) return;
    this.#turns = roll.turns;
    for (let exit = 0; exit < roll.length; exit++) {
      if (roll.isUsable(exit) && this.#exits.isProxy(exit) && !this.#exits.hasWorked(exit) && !this.#exits.isTesting(exit)) this.#put(this.#exits.dueAt(exit) + this.#random(), exit);
    }
  }

  /** A test of one that has never worked was in vain. */
  missed(exit: number): void {
    this.#put(this.#exits.dueAt(exit), exit);
  }

  /**
   * One that has worked before, is due, and would be worth most if it were up; or -1.
   *
   * @param worthIfUp in any unit; 0 of those that are not worth a test or cannot have one now
   */
  known(squeeze: number, worthIfUp: (exit: number) => number): number {
    const { known, tick } = this.#exits;
    let best = -1;
    let most = 0;
    for (let left = Math.min(SAMPLE, known.length); left > 0; left--) {
      const exit = known[Math.floor(this.#random() * known.length)];
      if (this.#exits.isTesting(exit) || this.#exits.dueAt(exit) > tick + squeeze * this.#exits.backoffMs(exit)) continue;
      const value = this.#exits.up(exit) * worthIfUp(exit);
      if (value <= most) continue;
      most = value;
      best = exit;
    }
    return best;
  }

  /** The next that has never worked and is due, or -1. */
  nextUnknown(squeeze: number): number {
    this.#drop();
    if (this.#sweep.size === 0) return -1;
    const exit = this.#sweep.nextItem;
    return this.#sweep.nextAt <= this.#exits.tick + squeeze * this.#exits.backoffMs(exit) ? exit : -1;
  }

  /**
   * The same, taken off the sweep.
   *
   * @param freeInMs when it may be used: 0 now, `Infinity` when something has happened, NaN where it is gone
   */
  unknown(squeeze: number, freeInMs: (exit: number) => number): number {
    for (let passed = 0; passed < PASSED_OVER; passed++) {
      const exit = this.nextUnknown(squeeze);
      if (exit < 0) return -1;
      this.#take();
      const wait = freeInMs(exit);
      if (wait <= 0) return exit;
      // Gone: whoever has its index next is met anew.
      if (Number.isNaN(wait)) continue;
      this.#put(this.#exits.tick + (wait === Infinity ? PASS_MS : wait) + squeeze * this.#exits.backoffMs(exit), exit);
    }
    return -1;
  }

  /**
   * How long until an exit is due for a request that has waited for `ageMs` and still has none: the longer it waits, the sooner.
   * `Infinity`: none will be by itself.
   *
   * @param freeInMs as above
   */
  dueInMs(ageMs: number, freeInMs: (exit: number) => number): number {
    const { known, tick } = this.#exits;
    this.#drop();
    let soonest = this.#sweep.size === 0 ? Infinity : waitMs(this.#sweep.nextAt - tick, this.#exits.backoffMs(this.#sweep.nextItem), ageMs);
    if (known.length > FEW) return Math.min(soonest, LOOK_AGAIN_MS);
    for (const exit of known) {
      if (!this.#exits.isTesting(exit)) soonest = Math.min(soonest, Math.max(freeInMs(exit) || 0, waitMs(this.#exits.dueAt(exit) - tick, this.#exits.backoffMs(exit), ageMs)));
    }
    return soonest;
  }

  /** Requests find out that an exit works as well as tests do: it is among the known then. */
  #drop(): void {
    if (this.#exits.tick < this.#lastTick) this.#sortAnew();
    this.#lastTick = this.#exits.tick;
    while (this.#sweep.size > 0 && this.#exits.hasWorked(this.#sweep.nextItem)) this.#take();
  }

  #put(due: number, exit: number): void {
    if (exit >= this.#swept.length) {
      const wider = new Uint8Array(exit + 1 + (exit >>> 4));
      wider.set(this.#swept);
      this.#swept = wider;
    }
    if (this.#swept[exit] === 1) return;
    this.#swept[exit] = 1;
    this.#sweep.push(due, exit);
  }

  #take(): number {
    const exit = this.#sweep.pop();
    this.#swept[exit] = 0;
    return exit;
  }

  /** The scale of times has moved on. */
  #sortAnew(): void {
    const all: number[] = [];
    while (this.#sweep.size > 0) all.push(this.#take());
    for (const exit of all) this.#put(this.#exits.dueAt(exit), exit);
  }
}

/** 0 to 0.9: how much of their rest a request that has no exit takes from those that are to be tested later. */
export function squeezeOf(ageMs: number): number {
  return ageMs > 0 ? (MOST_SQUEEZE * ageMs) / (PATIENCE_MS + ageMs) : 0;
}

/**
 * When an exit that is due in `dueMs` will be due for a request of age `ageMs`, whose share of its back-off grows while it waits:
 * the root of `wait + squeezeOf(age + wait) × backoff = due`.
 */
function waitMs(dueMs: number, backoffMs: number, ageMs: number): number {
  if (dueMs <= squeezeOf(ageMs) * backoffMs) return 0;
  // In terms of the age at that moment, a: a² + (P + backoff − d)·a − P·d = 0 with d = due + age.
  const d = dueMs + ageMs;
  const half = (PATIENCE_MS + MOST_SQUEEZE * backoffMs - d) / 2;
  return Math.max(0, Math.sqrt(half * half + PATIENCE_MS * d) - half - ageMs);
}
