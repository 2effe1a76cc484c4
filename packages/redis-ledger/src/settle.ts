import type { Engine } from "./engine.ts";
import type { Grant } from "./grants.ts";

/** A lease may be held for long before anything is sent, and a server may think for long about what has arrived. */
const LONGEST_TRIP_MS = 2_000;

/** It is known what a request has really cost; once. */
export function settleGrant(engine: Engine, token: Grant, counted: readonly number[], answered: boolean, now: number): void {
  if (token.settled) return;
  token.settled = true;
  // What was never sent has not been on its way.
  if (answered && counted.some((units) => units > 0)) engine.trips.learn(Math.min(LONGEST_TRIP_MS, now - token.at), now);
  for (let i = 0; i < token.states.length; i++) {
    if (answered && token.lasts[i] > token.places[i] && now < token.turns[i]) inFirstOnly(engine, token, i, now);
    const unused = token.units[i] - (counted[i] ?? token.units[i]);
    if (unused > 0) giveBack(engine, token, i, unused, now);
    else if (unused < 0) addMore(engine, token, i, -unused, now);
  }
}

/** It was answered before the server's clock could turn: what the later windows hold for it is not needed there. */
function inFirstOnly(engine: Engine, token: Grant, i: number, now: number): void {
  const state = token.states[i];
  const { local, places: { [i]: first }, lasts: { [i]: last }, units: { [i]: units } } = token;
  token.lasts[i] = first;
  for (let window = first + 1; window <= last; window++) {
    state.local.add(-units, now, window, window);
    if (local) state.alone.add(-units, now, window, window);
    engine.corrections.add(state, window, -units);
  }
}

/** What was not counted by the server after all: another may use it while its place is good, else the store is told. */
function giveBack(engine: Engine, token: Grant, i: number, units: number, now: number): void {
  const state = token.states[i];
  const place = token.places[i];
  const last = token.lasts[i];
  if (token.local) {
    state.local.add(-units, now, place, last);
    state.alone.add(-units, now, place, last);
    for (let window = place; window <= last; window++) engine.corrections.add(state, window, -units);
  } else if (engine.holding.has(state) && state.slice.holds(place, now)) {
    state.slice.put(units, place, last, Infinity);
  } else {
    for (let window = place; window <= last; window++) engine.giveBack(state, window, units, now);
  }
}

/** Dearer than it was reserved for. */
function addMore(engine: Engine, token: Grant, i: number, units: number, now: number): void {
  const state = token.states[i];
  state.local.add(units, now, token.places[i], token.lasts[i]);
  for (let window = token.places[i]; window <= token.lasts[i]; window++) engine.corrections.add(state, state.align === "fixed" ? window : 0, units);
}
