import type { Counter, Reservation } from "@multihome/core";
import { reservation } from "./ask.ts";
import type { CounterState, Paused } from "./counter-state.ts";
import type { Engine } from "./engine.ts";
import { granted, knownRefusal, pauseOver, placeAll, refused, takeFromSlices } from "./grants.ts";
import { hearReservation } from "./hear.ts";
import { RESERVE } from "./reserve-script.ts";
import type { Answer } from "./store.ts";
import type { TargetState } from "./targets.ts";

interface Waiter {
  readonly counters: readonly Counter[];
  readonly until: number;
  settle(answer: Reservation): void;
  reject(reason: unknown): void;
  stop: (() => void) | undefined;
}

/**
 * Everybody who waits for the same counters. One call is on its way at a time, and asks for the first who waits; for the others,
 * and for a slice where there is need, it takes what it can get. So calls grow with the load instead of in number.
 */
export class Lane {
  readonly states: readonly CounterState[];
  readonly target: TargetState;
  readonly whole: Paused;
  readonly #engine: Engine;
  #waiting: Waiter[] = [];
  #calling = false;
  #timer: unknown;

  constructor(engine: Engine, states: readonly CounterState[]) {
    this.#engine = engine;
    this.states = states;
    this.target = engine.targets.target(states[0].target);
    this.whole = engine.targets.paused(states[0].target, "target");
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && !this.#calling;
  }

  reserve(counters: readonly Counter[], signal: AbortSignal | undefined): Promise<Reservation> {
    const { clock, store } = this.#engine;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { counters, until: clock.now() + store.deadlineMs, settle: resolve, reject, stop: undefined };
      if (signal !== undefined) {
        const abort = (): void => {
          const at = this.#waiting.indexOf(waiter);
          if (at < 0) return;
          this.#waiting.splice(at, 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", abort, { once: true });
        waiter.stop = () => signal.removeEventListener("abort", abort);
      }
      this.#waiting.push(waiter);
      if (this.#waiting.length === 1) this.#arm();
      this.pump();
    });
  }

  /** Serves whom it can, and asks for the others. */
  pump(): void {
    const { clock, mode, store } = this.#engine;
    if (this.#waiting.length === 0) return;
    const now = clock.now();
    this.#serve(now);
    if (this.#calling || this.#waiting.length === 0) return;
    if (mode.isAway || this.target.brokenUntil > now) {
      this.#decideAll(now);
      return;
    }
    // Before the first beat nobody knows what is set aside for others.
    if (!store.ready || mode.current === "connecting") return;
    const first = this.#waiting[0];
    placeAll(this.#engine, this.states, first.counters, now);
    const ask = reservation(this.#engine, this, first.counters, this.#waiting.slice(1).map(({ counters }) => counters), now);
    this.#calling = true;
    store.run(
      RESERVE,
      ask.keys,
      ask.args,
      (answer) => this.#heard(answer, ask),
      (error) => {
        // It may have been counted all the same, so it is taken to be spent.
        ask.count(1);
        this.#engine.failed(error, this.target);
        this.#calling = false;
        this.pump();
      },
      (answer) => {
        ask.count(-1);
        if (this.#engine.heard(answer) && answer.words[0] === "ok") hearReservation(this.#engine, this, ask, answer);
      },
    );
  }

  /** At the end: nobody waits any longer. */
  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#engine.clock.clearTimeout(this.#timer);
    for (const waiter of waiting) this.#settle(waiter, refused(this.states[0].key, 1_000));
  }

  #heard(answer: Answer, ask: ReturnType<typeof reservation>): void {
    const engine = this.#engine;
    this.#calling = false;
    // "late" within its deadline: the store's clock has jumped, and is known again now.
    const said = engine.heard(answer) ? hearReservation(engine, this, ask, answer) : "again";
    const now = engine.clock.now();
    const first = this.#waiting[0];
    // The first may have left meanwhile, by its signal or its deadline; what it was refused speaks for those who want as much.
    if (said !== "again" && said !== "granted" && first !== undefined && first.counters === ask.counters) {
      this.#waiting.shift();
      this.#settle(first, said);
    }
    this.#serve(now);
    this.pump();
  }

  #serve(now: number): void {
    const engine = this.#engine;
    if (this.#waiting.length === 0) return;
    const left: Waiter[] = [];
    for (const waiter of this.#waiting) {
      placeAll(engine, this.states, waiter.counters, now);
      let answer = pauseOver(this.states, this.whole, now);
      if (answer === undefined) {
        const token = takeFromSlices(this.states, waiter.counters, now);
        answer = token === undefined ? knownRefusal(this.states, waiter.counters, now) : granted(token);
      }
      if (answer === undefined) left.push(waiter);
      else this.#settle(waiter, answer);
    }
    this.#waiting = left;
  }

  #decideAll(now: number): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) this.#decide(waiter, now);
  }

  #decide(waiter: Waiter, now: number): void {
    const engine = this.#engine;
    placeAll(engine, this.states, waiter.counters, now);
    waiter.stop?.();
    waiter.settle(engine.decide(this.states, waiter.counters, now));
  }

  #settle(waiter: Waiter, answer: Reservation): void {
    waiter.stop?.();
    if (answer.ok) this.#engine.counts.store++;
    else this.#engine.counts.refused++;
    waiter.settle(answer);
  }

  /** One timer for all: they wait equally long, in order. */
  #arm(): void {
    const { clock } = this.#engine;
    clock.clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (first === undefined) return;
    // A turn later: where it was us who were busy, the answer lies in the socket and is read first.
    this.#timer = clock.setTimeout(() => setImmediate(() => this.#late()), Math.max(1, first.until - clock.now()));
  }

  /** What was not answered counts as spent. Only where the store is known to be away is anything granted without it. */
  #late(): void {
    const { clock, mode, store } = this.#engine;
    const now = clock.now();
    while (this.#waiting.length > 0 && this.#waiting[0].until <= now + 1) {
      const waiter = this.#waiting.shift()!;
      if (mode.isAway) this.#decide(waiter, now);
      else this.#settle(waiter, refused(this.states[0].key, store.deadlineMs));
    }
    this.#arm();
  }
}
