import type { VerdictKind } from "../model/verdict.ts";
import { CLOSED, type BreakerEvent, type BreakerRules, type BreakerState, type OpenReason } from "./state.ts";

/** The state after an event: the same object where it changes nothing. The only place where a breaker's state is decided. */
export function transition(state: BreakerState, event: BreakerEvent, now: number, rules: BreakerRules): BreakerState {
  switch (event.kind) {
    case "asked":
      if (state.kind === "half-open" && !state.probing) return { ...state, probing: true };
      return state.kind === "open" && isDue(state.nextProbeAt, now, rules) ? { kind: "half-open", reason: state.reason, probing: true } : state;
    case "voted":
      return state.kind === "closed" ? countVote(state, event.verdict, now, rules) : event.probe ? endProbe(state, event.verdict, now, rules) : state;
    case "probe-abandoned":
      // Free at once: whoever asks next is the probe. A place that is only freed by a verdict would stay taken for ever.
      return state.kind === "half-open" && state.probing ? { ...state, probing: false } : state;
    case "exits-gone":
      // A probe that is out decides by itself: while it rests its exit is one of those that are gone.
      if (state.kind === "closed" || (state.kind === "half-open" && !state.probing)) return open(state.kind === "closed" ? "no-exits" : state.reason, now, rules);
      return state;
    case "exits-back":
      return state.kind === "open" && state.reason === "no-exits" ? { kind: "half-open", reason: state.reason, probing: false } : state;
    default: {
      const never: never = event;
      throw new TypeError(`Unknown event ${String(never)}.`);
    }
  }
}

/** Has the time of the probe come? Also when it lies further ahead than it can have been set: then the clock has jumped back. */
export function isDue(nextProbeAt: number, now: number, { probeEveryMs }: BreakerRules): boolean {
  return now >= nextProbeAt || nextProbeAt - now > probeEveryMs;
}

function countVote(state: BreakerState & { kind: "closed" }, verdict: VerdictKind, now: number, rules: BreakerRules): BreakerState {
  switch (verdict) {
    case "success":
      return state.errorsInARow === 0 ? state : CLOSED;
    case "target-error":
      return state.errorsInARow + 1 >= rules.threshold ? open("target-errors", now, rules) : { kind: "closed", errorsInARow: state.errorsInARow + 1 };
    // Neither well nor unwell: a run of errors over bad proxies is broken by none of these, and lengthened by none.
    case "blocked":
    case "rate-limited":
    case "banned":
    case "exit-error":
    case "aborted":
      return state;
    default: {
      const never: never = verdict;
      throw new TypeError(`Unknown verdict ${String(never)}.`);
    }
  }
}

function endProbe(state: BreakerState & { kind: "open" | "half-open" }, verdict: VerdictKind, now: number, rules: BreakerRules): BreakerState {
  if (state.kind === "open" || !state.probing) return state;
  switch (verdict) {
    // Asked to wait or shut out by a target that answers: that is what pauses and bans are for.
    case "success":
    case "rate-limited":
    case "banned":
      return CLOSED;
    case "target-error":
      return open("target-errors", now, rules);
    case "blocked":
    case "exit-error":
      return open(state.reason, now, rules);
    case "aborted":
      return { ...state, probing: false };
    default: {
      const never: never = verdict;
      throw new TypeError(`Unknown verdict ${String(never)}.`);
    }
  }
}

function open(reason: OpenReason, now: number, { probeEveryMs }: BreakerRules): BreakerState {
  return { kind: "open", reason, nextProbeAt: now + probeEveryMs };
}
