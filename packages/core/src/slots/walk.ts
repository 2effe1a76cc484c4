import { noExitError } from "../errors.ts";
import type { Engine } from "../race/engine.ts";
import { PinLease } from "../race/by-hand/pin-lease.ts";
import type { Target } from "../race/target.ts";
import { Rotate } from "../lease/rotate.ts";
import { Pauses, type PauseRules } from "../quota/pauses.ts";
import { Alarm } from "../time/timer-queue.ts";
import type { Rests } from "./rests.ts";

/** A slot that asks for an exit whatever the target. */
export interface Walker {
  readonly rests: Rests;
  granted(lease: PinLease): void;
  refused(error: unknown): void;
  /** A first request on one of its leases goes there. */
  used(target: Target): void;
}

/**
 * Exits for slots that name no request: the least recently used first, so that the whole pool is walked, whoever asks. One that
 * rests is passed over, one that serves a slot as well.
 */
export class Walk {
  readonly pauses: Pauses;
  readonly #engine: Engine;
  readonly #order = new Rotate();
  readonly #waiting = new Set<Walker>();
  readonly #alarm: Alarm;
  #admitted = 0;
  #serving = false;
  #again = false;

  constructor(engine: Engine, rules: PauseRules) {
    this.#engine = engine;
    this.pauses = new Pauses(rules);
    this.#alarm = new Alarm(() => this.serve());
    // Its place may be given to another exit.
    engine.table.onRemove.add((exit) => this.pauses.forget(engine.table.egress[exit]));
  }

  /** When it looks again by itself; `Infinity` where only an event makes it. */
  get wakeAt(): number {
    return this.#alarm.at;
  }

  ask(walker: Walker): void {
    this.#waiting.add(walker);
    this.serve();
  }

  /** It asks no longer. */
  forget(walker: Walker): void {
    this.#waiting.delete(walker);
    if (this.#waiting.size === 0) this.#sleep(Infinity);
  }

  /** Something has changed: whoever waits is served in order, as far as there are exits. */
  serve(): void {
    this.#again = true;
    if (this.#serving || !this.#engine.ready) return;
    this.#serving = true;
    try {
      // Who is granted an exit may give it back at once.
      while (this.#again && this.#waiting.size > 0) {
        this.#again = false;
        this.#sleep(this.#serveOnce());
      }
    } finally {
      this.#serving = false;
    }
  }

  /** @returns when to look again */
  #serveOnce(): number {
    const { clock, holds, table } = this.#engine;
    const now = clock.now();
    this.#admit();
    let wakeAt = Infinity;
    // What was in vain for one slot of a run is in vain for all of them.
    let inVain: Rests | undefined;
    for (const walker of this.#waiting) {
      if (table.size === 0) {
        this.#waiting.delete(walker);
        walker.refused(noExitError("any target", table.absence()));
        continue;
      }
      if (holds.full) break;
      if (walker.rests === inVain) continue;
      const found = this.#find(walker.rests, now);
      if (found.exit >= 0) {
        this.#grant(walker, found.exit);
        continue;
      }
      inVain = walker.rests;
      if (found.at < wakeAt) wakeAt = found.at;
    }
    return this.#waiting.size === 0 ? Infinity : wakeAt;
  }

  #grant(walker: Walker, exit: number): void {
    const engine = this.#engine;
    this.#waiting.delete(walker);
    engine.holds.take(exit);
    engine.gate.enter(exit);
    engine.table.inFlight[exit]++;
    this.#order.used(exit);
    walker.granted(
      new PinLease(engine, exit, {
        used: (target) => walker.used(target),
        refused: (reason, askedMs) => this.pauses.pauseExit(engine.table.egress[exit], reason, askedMs, engine.clock.now()),
        released: () => {
          engine.gate.leave(exit);
          engine.table.inFlight[exit]--;
          engine.table.freed(exit);
          engine.holds.free(exit);
          engine.placeFree(true);
        },
      }),
    );
  }

  /** An exit, or -1 and when the first of those that rest is back. */
  #find(rests: Rests, now: number): { exit: number; at: number } {
    const { gate, table } = this.#engine;
    let at = Infinity;
    let second = -1;
    if (!gate.open) return { exit: -1, at };
    for (let exit = this.#order.first(); exit >= 0; exit = this.#order.after(exit)) {
      if (table.held[exit] === 1 || !table.isUsable(exit) || (table.isProxy[exit] === 1 && !gate.mayProxy)) continue;
      const free = rests.freeAt(exit);
      if (free > now) {
        if (free < at) at = free;
      } else if (!rests.restsSomewhere(exit, now)) return { exit, at };
      else if (second < 0) second = exit;
    }
    return { exit: second, at };
  }

  #admit(): void {
    const { table } = this.#engine;
    for (; this.#admitted < table.length; this.#admitted++) this.#order.add(this.#admitted, false);
  }

  #sleep(wakeAt: number): void {
    const { clock, holds, timers } = this.#engine;
    timers.set(this.#alarm, clock.now(), wakeAt);
    holds.onRoom = this.#waiting.size === 0 ? undefined : this.#onRoom;
  }

  readonly #onRoom = (): void => this.serve();
}
