import type { Counter, Reservation } from "@multihome/core";
import type { CounterState } from "./counter-state.ts";
import { Grant, granted, refused } from "./grants.ts";
import type { OnUnavailable } from "./mode.ts";

/** Of a fair part: processes come and go, and the store may know more than each of us. */
const SHARE = 0.8;
/**
 * So long after it was lost, others have noticed for certain, and set aside what it spends: its last beat counts for 1.25 s, each beat of theirs comes half a
 * second after the last, and both may be late.
 */
const NOTICED_MS = 3_000;
/** Of a window that began before that, others may have spent all: of a fair part only so much, and all of them together a tenth of the limit. */
const UNNOTICED = 0.1;
/** Of longer windows not everything is spent in the time that it takes to notice: what the store said was left is believed. */
const SHORT_MS = 60_000;
/** Nobody is kept waiting for longer before the next look: the store may be back. */
const LOOK_AGAIN_MS = 250;

/**
 * Decides without the store. A fair part of each limit for each process lately seen, less what this one has spent; of what the
 * store said was left, no more than such a part either: others may have taken of it since. And less of a window in which they
 * may have taken everything.
 *
 * @param alone as one of how many (0: nobody has been seen yet, and what is unknown counts as spent), and since when, by our clock
 * @param charge told of every unit that the store will have to count when it is back
 */
export function decideAlone(
  rule: OnUnavailable,
  states: readonly CounterState[],
  counters: readonly Counter[],
  alone: { readonly processes: number; readonly since: number },
  now: number,
  charge: (state: CounterState, place: number, units: number) => void,
): Reservation {
  switch (rule) {
    case "closed":
      return refused(states[0]?.key ?? "", LOOK_AGAIN_MS);
    case "local-share":
      for (let i = 0; i < states.length; i++) {
        const state = states[i];
        if (counters[i].units > roomAlone(state, alone.processes, alone.since + NOTICED_MS, now)) return refused(state.key, waitAlone(state));
      }
      break;
    case "open":
      break;
    default: {
      const never: never = rule;
      throw new TypeError(`Unknown mode ${String(never)}.`);
    }
  }
  const places: number[] = [];
  const lasts: number[] = [];
  for (let i = 0; i < states.length; i++) {
    const state = states[i];
    const { units } = counters[i];
    const fixed = state.align === "fixed";
    places.push(fixed ? state.first : 0);
    lasts.push(fixed ? state.last : 0);
    state.local.add(units, now, state.first, state.last);
    state.alone.add(units, now, state.first, state.last);
    for (let place = places[i]; place <= lasts[i]; place++) charge(state, place, units);
  }
  return granted(new Grant(now, states, counters.map(({ units }) => units), places, lasts, true));
}

/** What one of so many spends of a limit without the store. */
export function fairPart(limit: number, processes: number): number {
  return Math.floor((limit * SHARE) / processes);
}

function roomAlone(state: CounterState, processes: number, noticedAt: number, now: number): number {
  if (processes < 1) return 0;
  const { limit, perMs, align, turnsAt, first, last } = state;
  const part = fairPart(limit, processes) - state.local.used(now, first, last);
  const alone = state.alone.used(now, first, last);
  const left = state.leftAsKnown(now);
  const room = left === undefined ? part : Math.min(part, fairPart(left, processes) - alone);
  const began = align === "fixed" ? turnsAt - perMs : now - perMs;
  if (perMs > SHORT_MS || began >= noticedAt) return room;
  return Math.min(room, Math.floor((limit * UNNOTICED) / processes) - alone);
}

function waitAlone(state: CounterState): number {
  const { perMs } = state;
  return state.align === "fixed" ? Math.min(LOOK_AGAIN_MS, perMs - state.ageMs) : Math.min(LOOK_AGAIN_MS, perMs / 40);
}
