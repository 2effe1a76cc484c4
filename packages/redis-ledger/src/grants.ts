import type { Counter, Reservation } from "@multihome/core";
import type { CounterState, Paused } from "./counter-state.ts";
import type { Engine } from "./engine.ts";

/** What a caller holds: where each of its units is counted. */
export class Grant {
  readonly states: readonly CounterState[];
  readonly units: readonly number[];
  readonly places: readonly number[];
  readonly lasts: number[];
  /** When the server's clock may turn at the earliest, by ours. */
  readonly turns: readonly number[];
  /** Granted without the store. */
  readonly local: boolean;
  readonly at: number;
  settled = false;

  constructor(at: number, states: readonly CounterState[], units: readonly number[], places: readonly number[], lasts: number[], local: boolean) {
    this.at = at;
    this.states = states;
    this.units = units;
    this.places = places;
    this.lasts = lasts;
    this.turns = states.map(({ turnsAt }) => turnsAt);
    this.local = local;
  }
}

export function granted(token: Grant): Reservation {
  return { ok: true, token };
}

export function refused(limit: string, retryAfterMs: number): Reservation {
  return { ok: false, limit, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) };
}

/** Takes all of it from slices, or nothing. @returns undefined where they do not hold enough */
export function takeFromSlices(states: readonly CounterState[], counters: readonly Counter[], now: number): Grant | undefined {
  for (let i = 0; i < states.length; i++) {
    const { slice, first, last } = states[i];
    if (counters[i].units > 0 && slice.room(now, first, last) < counters[i].units) return undefined;
  }
  const units = new Array<number>(states.length);
  const places = new Array<number>(states.length);
  const lasts = new Array<number>(states.length);
  for (let i = 0; i < states.length; i++) {
    const state = states[i];
    units[i] = counters[i].units;
    places[i] = units[i] > 0 ? state.slice.take(units[i], now, state.first, state.last) : state.first;
    lasts[i] = state.align === "fixed" ? state.last : places[i];
    state.touched = true;
  }
  return new Grant(now, states, units, places, lasts, false);
}

/** A refusal that the store has given lately: nobody need ask for as much again. */
export function knownRefusal(states: readonly CounterState[], counters: readonly Counter[], now: number): Reservation | undefined {
  for (let i = 0; i < states.length; i++) {
    const state = states[i];
    if (state.refusedUntil > now && state.refusedIn === state.first && counters[i].units >= state.refusedUnits) return refused(state.key, state.refusedWaitUntil - now);
  }
  return undefined;
}

/** A pause that is known and covers one of them. */
export function pauseOver(states: readonly CounterState[], whole: Paused | undefined, now: number): Reservation | undefined {
  let until = now;
  let name = "";
  if (whole !== undefined && whole.until.size > 0) {
    until = Math.max(until, whole.until.get("")?.until ?? 0);
    if (until > now) name = `${whole.who}|${whole.target}`;
  }
  for (const { key, paused, rest } of states) {
    if (paused.until.size === 0) continue;
    for (const [limit, pause] of paused.until) {
      if (pause.until <= now) paused.until.delete(limit);
      else if (pause.until > until && (limit === "" || rest === limit || rest.startsWith(`${limit}|`))) {
        until = pause.until;
        // The counter's name, and not the pause's: other counters of the request are free for other exits.
        name = key;
      }
    }
  }
  return until > now ? refused(name, until - now) : undefined;
}

/** Brings every counter's state to what it says and to now. */
export function placeAll(engine: Engine, states: readonly CounterState[], counters: readonly Counter[], now: number): void {
  const { clock, storeClock, trips } = engine;
  const tripMs = trips.longest(now);
  for (let i = 0; i < states.length; i++) {
    const state = states[i];
    const counter = counters[i];
    if (state.yieldsTo !== undefined || state.limit !== counter.limit || state.perMs !== counter.perMs || state.align !== counter.align) state.adopt(counter, now);
    state.place(counter, now, storeClock, tripMs, clock.wallTime);
  }
}
