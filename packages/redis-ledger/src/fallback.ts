import type { Counter, Reservation } from "@multihome/core";
import type { CounterState } from "./counter-state.ts";
import { Grant, granted, refused } from "./grants.ts";
import type { OnUnavailable } from "./mode.ts";

/** Of a fair part: processes come and go, and the store may know more than each of us. */
const SHARE = 0.8;
/** Nobody is kept waiting for longer before the next look: the store may be back. */
const LOOK_AGAIN_MS = 250;

/**
 * Decides without the store. A fair part of each limit for each process lately seen, less what this one has spent; of what the
 * store said was left, no more than such a part either: others may have taken of it since.
 *
 * @param processes 0: nobody has been seen yet, and what is unknown counts as spent
 * @param charge told of every unit that the store will have to count when it is back
 */
export function decideAlone(
  rule: OnUnavailable,
  states: readonly CounterState[],
  counters: readonly Counter[],
  processes: number,
  now: number,
  charge: (state: CounterState, place: number, units: number) => void,
): Reservation {
  switch (rule) {
    case "closed":
      return refused(states[0]?.key ?? "", LOOK_AGAIN_MS);
    case "local-share":
      for (let i = 0; i < states.length; i++) {
        const state = states[i];
        if (counters[i].units > roomAlone(state, processes, now)) return refused(state.key, waitAlone(state));
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

function roomAlone(state: CounterState, processes: number, now: number): number {
  if (processes < 1) return 0;
  const part = Math.floor((state.limit * SHARE) / processes) - state.local.used(now, state.first, state.last);
  const left = state.leftAsKnown(now);
  if (left === undefined) return part;
  return Math.min(part, Math.floor((left * SHARE) / processes) - state.alone.used(now, state.first, state.last));
}

function waitAlone(state: CounterState): number {
  const { perMs } = state;
  return state.align === "fixed" ? Math.min(LOOK_AGAIN_MS, perMs - state.ageMs) : Math.min(LOOK_AGAIN_MS, perMs / 40);
}
