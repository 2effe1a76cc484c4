import type { Counter } from "@multihome/core";
import type { CounterState, Paused } from "./counter-state.ts";
import type { Engine } from "./engine.ts";
import { PARTS } from "./reserve-script.ts";
import type { TargetState } from "./targets.ts";

/** One call for a reservation: what is asked, and what of it may have been counted. */
export interface Ask {
  /** Of the first who waits. */
  readonly counters: readonly Counter[];
  readonly keys: string[];
  readonly args: string[];
  readonly pauses: readonly Paused[];
  /** The windows that were asked for, counter by counter. */
  readonly firsts: readonly number[];
  readonly lasts: readonly number[];
  /** Of sliding windows: so many parts later a request may arrive. */
  readonly leads: readonly number[];
  readonly sentAt: number;
  /** It is not known whether it was counted: 1 takes it to be, -1 takes that back. */
  count(sign: 1 | -1): void;
}

interface Asking {
  readonly states: readonly CounterState[];
  readonly target: TargetState;
  readonly whole: Paused;
}

/** Puts a call together: the first who waits needs his units; what the others want, and a slice, is welcome. */
export function reservation(engine: Engine, lane: Asking, counters: readonly Counter[], others: readonly (readonly Counter[])[], now: number): Ask {
  const { states, target, whole } = lane;
  const pauses = [...new Set([whole, ...states.map(({ paused }) => paused)])];
  const keys = [target.epochKey, target.recalledKey, ...pauses.map(({ key }) => key), ...states.map(({ storeKey }) => storeKey)];
  for (const { perMs } of states) target.longestMs = Math.max(target.longestMs, perMs);
  const processes = Math.max(1, engine.processes);
  const args = [
    engine.notBefore(), engine.notAfter(), engine.memory.expected(target, now), engine.memory.newEpoch(), target.jumped ? "1" : "0",
    // Of what is left each process takes a half of its fair part at most in advance: so the last units find whoever needs them.
    String(processes === 1 ? 1 : 2 * processes), String(pauses.length),
    engine.name, String(processes),
  ];
  const tripMs = engine.trips.longest(now);
  const leads = states.map(({ perMs }) => Math.min(PARTS / 4, Math.ceil((tripMs * PARTS) / perMs)));
  const asked: number[] = [];
  for (let i = 0; i < states.length; i++) {
    const state = states[i];
    const need = Math.max(0, Math.ceil(counters[i].units - state.slice.room(now, state.first, state.last)));
    let extra = state.sliceUnits(processes);
    for (const other of others) extra += other[i].units;
    asked.push(need + extra);
    args.push(
      String(pauses.indexOf(state.paused) + 1), state.rest, state.align[0], String(need), String(Math.ceil(extra)), String(Math.floor(state.limit)), String(state.perMs),
      String(state.align === "sliding" ? leads[i] : state.first), String(state.last), String(Math.floor(state.ageMs)), String(Math.ceil(counters[i].units)),
      String(engine.lost.asideOf(state.limit, now)),
    );
  }
  const firsts = states.map(({ first }) => first);
  const lasts = states.map(({ last }) => last);
  return {
    counters,
    keys,
    args,
    pauses,
    firsts,
    lasts,
    leads,
    sentAt: now,
    count(sign) {
      states.forEach((state, i) => state.local.add(sign * asked[i], now, firsts[i], lasts[i]));
    },
  };
}
