import { CellBatch, EXIT, FIELDS } from "../health/cell-batch.ts";
import type { SavedRecord } from "../health/saved-record.ts";
import type { QuotaLimit } from "../quota/limit.ts";
import { recallExits, recallHost, recallPool } from "./beliefs-of.ts";
import { restoreWorked } from "../health/saved-beliefs.ts";
import { CellReader, readRecords } from "./cells.ts";
import { readCounters, type SavedCounter } from "./counters.ts";
import type { NamedCounter, SavedLimit, SavedState, SavedTarget } from "./format.ts";
import type { Parts, Remembered } from "./parts.ts";

/** What our wall clock may have been corrected by meanwhile, without anybody having noticed. */
const CLOCK_STEP_MS = 500;
/** Its drift while nobody looks. */
const CLOCK_DRIFT = 100e-6;
const DAY_MS = 86_400_000;
/** No answer pauses a limit for longer. */
const LONGEST_PAUSE_MS = 3 * DAY_MS;

/**
 * What a state file remembers, put where it belongs as soon as that is there: exits that a source brings back later and hosts
 * that nobody has asked for yet get theirs when they appear.
 */
export class Recall {
  readonly state: SavedState;
  /** Exits by their numbers in the file: their index in the table, or -1. */
  readonly placeOf: Int32Array;
  /** What is known of exits that are not there. */
  readonly missing = new Map<number, { record: SavedRecord | undefined; unseenDays: number }>();
  /** Exits of this pool that something was known of. */
  restored = 0;
  /** Parts that were not as they were written. */
  broken = 0;
  readonly #parts: Parts;
  /** When it was saved, on the clock of this process. */
  readonly #savedAt: number;
  /** The wall clock shows a later time than it was saved at, by less than a day: then it says how long ago that was. */
  readonly #dated: boolean;
  readonly #numberOf = new Map<string, number>();
  readonly #done = new Set<string>();
  /** What every target's cells pass through. */
  #cells: CellBatch | undefined;

  constructor(parts: Parts, state: SavedState) {
    this.#parts = parts;
    this.state = state;
    const now = parts.clock.now();
    // A clock that went back: nothing has aged, and a ban lasts for what was left of it.
    const agoMs = Math.max(0, parts.clock.wallTime() - state.savedAt);
    this.#savedAt = now - agoMs;
    this.#dated = agoMs < DAY_MS && parts.clock.wallTime() >= state.savedAt;
    this.placeOf = new Int32Array(state.exits.length).fill(-1);
    this.#findPlaces();
    const tick = parts.health.epoch.tick(now);
    parts.table.onRemove.add((index) => this.#removed(index));
    parts.health.beliefs.moment(tick);
    if (state.exits.length > parts.table.length / 2) parts.health.makeRoom(parts.table.length, state.beliefs.length > 0);
    const whole = readRecords(state.records, state.exits.length, agoMs, (exit, record, unseenDays) => {
      if (this.placeOf[exit] >= 0) this.#restoreRecord(this.placeOf[exit], record, tick);
      else if (this.#numberOf.get(state.exits[exit]) === exit) this.missing.set(exit, { record: record && { ...record }, unseenDays });
    });
    if (!whole) this.broken++;
    if (!recallPool(parts.health.beliefs, state, state.exits.length, agoMs, (exit) => this.placeOf[exit])) this.broken++;
    // Whether or not its record could be read.
    for (let exit = 0; exit < state.exits.length; exit++) {
      if (this.placeOf[exit] >= 0) this.restored++;
      else if (!this.missing.has(exit) && this.#numberOf.get(state.exits[exit]) === exit) this.missing.set(exit, { record: undefined, unseenDays: 0 });
    }
  }

  sinceMs(now: number): number {
    return now - this.#savedAt;
  }

  /** Everything has found its place. */
  get finished(): boolean {
    return this.missing.size === 0 && this.#done.size === this.state.targets.size;
  }

  /** Has the target got its own? Exits may still be missing. */
  isDone(name: string): boolean {
    return this.#done.has(name);
  }

  /** The target is there: made for a host that was just asked for, or known from the start. */
  made(target: Remembered): void {
    const saved = this.state.targets.get(target.name);
    if (saved === undefined || this.#done.has(target.name)) return;
    this.#done.add(target.name);
    this.#restoreClock(target, saved);
    this.#restoreTarget(target, saved, undefined);
    const now = this.#parts.clock.now();
    const sinceMs = this.sinceMs(now);
    if (saved.whole !== undefined && saved.whole.forMs > sinceMs) target.pauses.pauseAll(saved.whole.reason, saved.whole.forMs - sinceMs, now);
    for (const { account, forMs, reason } of saved.accounts) if (forMs > sinceMs) target.pauses.pauseAccount(account, reason, forMs - sinceMs, now);
  }

  /** Exits are there that were not before. */
  admitted(exits: readonly number[]): void {
    if (this.missing.size === 0) return;
    const { clock, health, table, targets } = this.#parts;
    const found = new Uint8Array(this.state.exits.length);
    let any = false;
    const tick = health.epoch.tick(clock.now());
    health.beliefs.moment(tick);
    for (const index of exits) {
      const exit = this.#numberOf.get(table.exits[index]?.id ?? "");
      const known = exit === undefined ? undefined : this.missing.get(exit);
      if (exit === undefined || known === undefined) continue;
      this.missing.delete(exit);
      this.placeOf[exit] = index;
      this.#restoreRecord(index, known.record, tick);
      found[exit] = 1;
      this.restored++;
      any = true;
    }
    if (!any) return;
    recallExits(health.beliefs, this.state, this.state.exits.length, this.sinceMs(clock.now()), (exit) => this.#indexOf(exit, found));
    for (const target of targets) {
      const saved = this.#done.has(target.name) ? this.state.targets.get(target.name) : undefined;
      if (saved !== undefined) this.#restoreTarget(target, saved, found);
    }
  }

  /** Another exit may get its place: what is still to be restored is not that one's. */
  #removed(index: number): void {
    if (this.finished) return;
    const exit = this.placeOf.indexOf(index);
    if (exit >= 0) this.placeOf[exit] = -1;
  }

  /** An exit that is named twice is taken by its first name. */
  #findPlaces(): void {
    const { table } = this.#parts;
    const taken = new Uint8Array(table.length);
    let guess = 0;
    for (let exit = 0; exit < this.state.exits.length; exit++) {
      const id = this.state.exits[exit];
      if (id === "") continue;
      // Lists are read in the same order as the last time: to compare two names is cheaper than to look one up.
      const index = table.exits[guess]?.id === id ? guess : table.indexOf(id);
      if (index === undefined ? this.#numberOf.has(id) : taken[index] === 1) {
        this.broken++;
      } else if (index === undefined) {
        this.#numberOf.set(id, exit);
      } else {
        this.placeOf[exit] = index;
        taken[index] = 1;
        guess = index + 1;
      }
    }
  }

  #restoreRecord(index: number, record: SavedRecord | undefined, tick: number): void {
    if (record === undefined) return;
    const { beliefs, records } = this.#parts.health;
    records.restore(index, record, tick);
    // Files of older versions hold no beliefs: what has worked may work again.
    if (this.state.beliefs.length === 0 && record.success > 0) restoreWorked(beliefs, index, record.sinceSuccessMs ?? 0);
    // It is in a list, and lists have been read anew: a dead one is one reading closer to its next trial.
    if (record.dead) records.refreshed(index);
  }

  /** @param only of these exits, by their numbers in the file; `undefined`: of all */
  #restoreTarget(target: Remembered, saved: SavedTarget, only: Uint8Array | undefined): void {
    const { clock, table } = this.#parts;
    const now = clock.now();
    const sinceMs = this.sinceMs(now);
    // At 11 to 20 bytes a cell: at least half of the exits are in it.
    if (only === undefined && saved.cells.length > table.length * 8) target.health.makeRoom(table.length);
    // At three.
    if (only === undefined && saved.beliefs.length > table.length * 1.5) target.health.beliefs.cells.makeRoom(table.length);
    const places = only === undefined ? this.placeOf : this.placeOf.map((index, exit) => (only[exit] === 1 ? index : -1));
    const reader = new CellReader(saved.cells, places.length, sinceMs);
    const cells = (this.#cells ??= new CellBatch());
    while (reader.fill(cells)) {
      const { values } = cells;
      // -1 becomes `NONE` there.
      for (let at = EXIT, end = cells.count * FIELDS; at < end; at += FIELDS) values[at] = places[values[at]];
      target.health.restore(cells, now);
    }
    if (!reader.whole && only === undefined) this.broken++;
    this.#parts.health.beliefs.moment(this.#parts.health.epoch.tick(now));
    if (!recallHost(target.health.beliefs, saved, places, sinceMs) && only === undefined) this.broken++;
    target.desk.rescoredAll();
    for (const { exit, forMs, reason } of saved.pauses) {
      const index = this.#indexOf(exit, only);
      if (index >= 0 && forMs > sinceMs) target.pauses.pauseExit(table.egress[index], reason, forMs - sinceMs, now);
    }
    for (const savedLimit of saved.limits) {
      const limit = target.quota?.current.find((one) => isSame(one, savedLimit));
      if (limit !== undefined) this.#restoreLimit(limit, savedLimit, only, now);
    }
  }

  #restoreLimit(limit: QuotaLimit, saved: SavedLimit, only: Uint8Array | undefined, now: number): void {
    const { table } = this.#parts;
    const whole = readCounters(saved.counters, this.placeOf.length, (exit, counter) => {
      const index = this.#indexOf(exit, only);
      if (index >= 0 && limit.scope === "exit") this.#restoreCounter(limit, limit.rowOf(table.egress[index], undefined, undefined, now), counter, now);
    });
    if (!whole && only === undefined) this.broken++;
    for (const counter of saved.named) {
      const row = this.#namedRow(limit, counter, only, now);
      if (row >= 0) this.#restoreCounter(limit, row, counter, now);
    }
  }

  #namedRow(limit: QuotaLimit, { exit, account, key }: NamedCounter, only: Uint8Array | undefined, now: number): number {
    if (limit.scope !== "exit") {
      if (only !== undefined || (limit.scope === "account" && account === undefined)) return -1;
      return limit.rowOf(-1, account, key, now);
    }
    const index = exit === undefined || key === undefined ? -1 : this.#indexOf(exit, only);
    return index < 0 ? -1 : limit.rowOf(this.#parts.table.egress[index], undefined, key, now);
  }

  #restoreCounter(limit: QuotaLimit, row: number, { count, pausedForMs }: SavedCounter, now: number): void {
    const sinceMs = this.sinceMs(now);
    if (count !== undefined) limit.restore(row, count, sinceMs, this.state.closed, now);
    const leftMs = Math.min(LONGEST_PAUSE_MS, pausedForMs - sinceMs);
    if (leftMs > 0) limit.pause(row, now + leftMs);
  }

  #restoreClock(target: Remembered, { offset }: SavedTarget): void {
    if (offset === undefined || !this.#dated || Math.abs(offset[0]) > DAY_MS || Math.abs(offset[1]) > DAY_MS) return;
    const { clock } = this.#parts;
    const now = clock.now();
    const slack = CLOCK_STEP_MS + this.sinceMs(now) * CLOCK_DRIFT;
    target.serverClock.recall(clock.wallTime() + offset[0] - slack, clock.wallTime() + offset[1] + slack, now);
  }

  #indexOf(exit: number, only: Uint8Array | undefined): number {
    return only === undefined || only[exit] === 1 ? this.placeOf[exit] : -1;
  }
}

function isSame(limit: QuotaLimit, saved: SavedLimit): boolean {
  return limit.name === saved.name && limit.unit === saved.unit && limit.scope === saved.scope && limit.align === saved.align && limit.meter.perMs === saved.perMs;
}
