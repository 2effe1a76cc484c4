import type { Align, Reservation } from "@multihome/core";
import type { Ask } from "./ask.ts";
import type { CounterState, Paused } from "./counter-state.ts";
import type { Engine } from "./engine.ts";
import { StoreError } from "./errors.ts";
import { refused } from "./grants.ts";
import { PARTS } from "./reserve-script.ts";
import type { Answer } from "./store.ts";
import type { TargetState } from "./targets.ts";

/** A refusal is believed for so long: others may give back what they have not used. */
const BELIEVED_MS = 100;
/** Of what is counted, a part lies in slices of others, who give back what they do not use: it is worth another look before all of a wait is over. */
const ANOTHER_LOOK_MS = 1_000;
const ANOTHER_LOOK_PART = 20;
/** A bucket's slice may be used for so long: what flows in within twice that time is kept out of it. */
const BUCKET_MS = 125;
/** How long another pool's smaller limit holds after it was last heard of. */
const YIELD_MS = 30_000;

const ALIGNS: Record<string, Align> = { f: "fixed", s: "sliding", b: "bucket" };

/** Takes in what the store said to a reservation. "granted": it lies in the slices; "again": ask once more. */
export function hearReservation(engine: Engine, lane: { states: readonly CounterState[]; target: TargetState }, ask: Ask, answer: Answer): "granted" | "again" | Reservation {
  const [status, , ...words] = answer.words;
  const { states, target } = lane;
  const { at } = answer;
  switch (status) {
    case "ok": {
      engine.memory.speaks(target, words[0], words[1] === "1", at);
      for (let i = 0; i < states.length; i++) {
        const [give, used, index, limit, other] = words.slice(2 + i * 5, 7 + i * 5).map(Number);
        const state = states[i];
        const fixed = state.align === "fixed";
        state.local.add(give, ask.sentAt, ask.firsts[i], ask.lasts[i]);
        state.learn(used, fixed ? ask.firsts[i] : index, at);
        state.refusedUntil = 0;
        if (give > 0) {
          state.slice.put(give, fixed ? ask.firsts[i] : index, fixed ? ask.lasts[i] : index, usableUntil(engine, state, index - ask.leads[i], ask.sentAt, at));
          state.touched = true;
          engine.holding.add(state);
        }
        contradicted(engine, state, limit, other);
      }
      return "granted";
    }
    case "no": {
      engine.memory.speaks(target, words[0], words[1] === "1", at);
      const [index, wait, limit, other, ...used] = words.slice(2).map(Number);
      const state = states[index - 1];
      for (let i = 0; i < states.length; i++) states[i].learn(used[i], states[i].align === "fixed" ? ask.firsts[i] : 0, at);
      // Those who want less may still be served; and so may those who want as much, by what others give back.
      state.refusedUnits = state.refusedUntil > at ? Math.min(state.refusedUnits, ask.counters[index - 1].units) : ask.counters[index - 1].units;
      state.refusedIn = ask.firsts[index - 1];
      state.refusedUntil = at + Math.min(wait, BELIEVED_MS);
      const again = engine.processes > 1 ? Math.min(wait, Math.max(ANOTHER_LOOK_MS, wait / ANOTHER_LOOK_PART)) : wait;
      state.refusedWaitUntil = at + again;
      contradicted(engine, state, limit, other);
      return refused(state.key, again);
    }
    case "paused": {
      engine.memory.speaks(target, words[0], words[1] === "1", at);
      const paused = ask.pauses[Number(words[2]) - 1];
      const covered = Number(words[3]);
      const name = covered === 0 ? "" : states[covered - 1].rest;
      lengthen(paused, name, at + Number(words[4]), words[5] === "banned" ? "banned" : "rate-limited");
      const counter = covered > 0 ? states[covered - 1] : states.find((state) => state.paused === paused);
      return refused(counter?.key ?? `${paused.who}|${paused.target}`, Number(words[4]));
    }
    case "shape": {
      const state = states[Number(words[0]) - 1];
      const theirs = { align: ALIGNS[words[1]], perMs: Number(words[2]), limit: Number(words[3]) };
      if (state.reported !== theirs.limit) report(engine, state, theirs, "theirs");
      state.reported = theirs.limit;
      state.yieldsTo = { ...theirs, until: at + YIELD_MS };
      return "again";
    }
    case "foreign": {
      const key = ask.keys[Number(words[0]) - 1];
      engine.broken(target, `The store's key "${key}" is used by something else; choose another prefix for the ledger.`);
      return engine.decide(states, ask.counters, at);
    }
    default:
      engine.failed(wrong(status));
      return engine.decide(states, ask.counters, at);
  }
}

/** Keeps the longer of two pauses. */
export function lengthen(paused: Paused, name: string, until: number, reason: "rate-limited" | "banned"): boolean {
  if ((paused.until.get(name)?.until ?? 0) >= until) return false;
  paused.until.set(name, { until, reason });
  return true;
}

/** Until when a slice counts, by our clock: the store counts it as if it were used at the end of that time. */
function usableUntil(engine: Engine, state: CounterState, part: number, sentAt: number, now: number): number {
  if (state.align === "bucket") return sentAt + Math.min(BUCKET_MS, state.perMs / 40);
  if (state.align === "fixed") return Infinity;
  const { storeClock } = engine;
  return ((part + 1) * state.perMs) / PARTS - storeClock.at(0) - storeClock.errorMs(now);
}

function contradicted(engine: Engine, state: CounterState, holds: number, other: number): void {
  if (other === 0 || other === state.limit || state.reported === other) return;
  state.reported = other;
  report(engine, state, { align: state.align, perMs: state.perMs, limit: other }, holds < state.limit ? "theirs" : "ours");
}

function report(engine: Engine, state: CounterState, theirs: { align: Align; perMs: number; limit: number }, holds: "ours" | "theirs"): void {
  const ours = { limit: state.limit, perMs: state.perMs, align: state.align };
  engine.events.emit("contradiction", { ledger: engine.name, counter: state.key, ours, theirs, holds });
  const say = ({ limit, perMs, align }: typeof ours): string => `${limit} per ${perMs} ms (${align})`;
  engine.tell("contradiction", `Two pools disagree on ${state.key}: ${say(ours)} here, ${say(theirs)} there; the smaller holds.`, state.target);
}

function wrong(status: string) {
  return new StoreError("store", `The store's answer "${status}" is none that is known.`);
}
