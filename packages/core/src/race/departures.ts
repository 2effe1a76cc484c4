import { forgetEgress, mayForget } from "../quota/forget.ts";
import { Alarm } from "../time/timer-queue.ts";
import type { Engine } from "./engine.ts";
import type { Target } from "./target.ts";

/** Lists drop proxies for an hour and name them again: only who is missing so many times in a row is gone. */
const ROUNDS = 3;
/** Nothing waits for it: what a departed exit still carries may end now, or in a minute. */
const LOOK_AGAIN_MS = 10_000;

/**
 * Exits that nobody names any more. They get no further request, and are removed once nothing is in flight through them and
 * nothing that is known of them matters: a ban, a pause or a spent window has to end first, or an exit that is named again
 * would begin with none.
 */
export class Departures {
  readonly #engine: Engine;
  readonly #targets: Iterable<Target>;
  /** Rounds in a row that they were missing from. */
  readonly #missing = new Map<number, number>();
  readonly #alarm: Alarm;

  constructor(engine: Engine, targets: Iterable<Target>) {
    this.#engine = engine;
    this.#targets = targets;
    this.#alarm = new Alarm((now) => this.#sweep(now));
  }

  /** A round of reading the sources is over. @param listed exits that some source names, @param crowded others wait for room */
  listed(listed: ReadonlySet<number>, crowded: boolean, now: number): void {
    const { table } = this.#engine;
    for (const exit of table.sourced) {
      if (listed.has(exit)) {
        this.#missing.delete(exit);
        continue;
      }
      const rounds = (this.#missing.get(exit) ?? 0) + 1;
      this.#missing.set(exit, rounds);
      if (crowded || rounds >= ROUNDS) table.retiring.add(exit);
    }
    for (const exit of listed) this.stay(exit);
    this.#sweep(now);
  }

  /** The user names it no longer. */
  leave(exit: number, now: number): void {
    this.#engine.table.retiring.add(exit);
    this.#sweep(now);
  }

  /** It is named again, or by another. */
  stay(exit: number): void {
    if (!this.#engine.table.retiring.delete(exit)) return;
    for (const target of this.#targets) target.desk.rescored(exit, true);
  }

  #sweep(now: number): void {
    const { table, timers, closing } = this.#engine;
    const awaited = table.retiring.size > 0 ? this.#awaited() : undefined;
    for (const exit of table.retiring) if (awaited?.has(exit) === false && this.#isIdle(exit, now)) this.#remove(exit, now);
    if (table.retiring.size > 0 && !closing) timers.set(this.#alarm, now, now + LOOK_AGAIN_MS);
  }

  /** Exits of leases that requests wait on: their place in the table must not become another's. */
  #awaited(): Set<number> {
    const awaited = new Set<number>();
    for (const { line, lots, outside, picky } of this.#targets) {
      for (const job of lots) if (job.pin >= 0) awaited.add(job.pin);
      if (picky === 0 && outside.size === 0) continue;
      for (const waiting of [line, outside]) for (let job = waiting.first(); job !== undefined; job = waiting.after(job)) if (job.pin >= 0) awaited.add(job.pin);
    }
    return awaited;
  }

  #isIdle(exit: number, now: number): boolean {
    const { table } = this.#engine;
    if (table.inFlight[exit] > 0 || table.shared[exit] > 0 || table.held[exit] === 1) return false;
    const egress = table.egress[exit];
    if (table.membersOf(egress).length > 1) return true;
    for (const { pauses, quota } of this.#targets) {
      if (pauses.untilOf(egress) > now || (quota !== undefined && !mayForget(quota, egress, now))) return false;
    }
    return true;
  }

  #remove(exit: number, now: number): void {
    const { exitTally, health, table } = this.#engine;
    const egress = table.egress[exit];
    const last = table.membersOf(egress).length === 1;
    table.remove(exit);
    this.#missing.delete(exit);
    health.forget(exit);
    exitTally.forget(exit);
    for (const target of this.#targets) {
      target.desk.dismiss(exit, now);
      target.refusals.wipe(exit);
      target.causes.forget(exit);
      if (!last) continue;
      target.pauses.forget(egress);
      if (target.quota !== undefined) forgetEgress(target.quota, egress, now);
    }
  }
}
