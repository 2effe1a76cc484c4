import type { Ending } from "../../health/bayes.ts";
import type { VerdictKind } from "../../model/verdict.ts";
import type { Leg } from "../leg.ts";

/**
 * What an ending says of exit and host: before the target answered it speaks of the exit, what the target answered speaks of the
 * host. `neither`: asked to wait, or a target in trouble. A leg that lost, or was given up, was silent for as long as it had.
 */
export function endingOf(leg: Leg, kind: VerdictKind, sent: boolean): Ending | "success" | "neither" {
  switch (kind) {
    case "success":
      return "success";
    case "blocked":
      return "answered";
    case "rate-limited":
    case "banned":
    case "target-error":
      return "neither";
    case "exit-error":
      if (leg.headAt > 0) return "cut-body";
      return leg.late ? "silent" : sent ? "broken" : "refused";
    case "aborted":
      // One that was stopped after its head had come says nothing more.
      return leg.headAt > 0 || leg.held ? "neither" : "silent";
    default: {
      const never: never = kind;
      throw new TypeError(`Unknown verdict ${String(never)}.`);
    }
  }
}
