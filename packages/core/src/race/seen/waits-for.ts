import type { WaitsFor } from "../../model/overview.ts";
import type { Engine } from "../engine.ts";
import { refusalByExit } from "../by-hand/refusal.ts";
import type { Target } from "../target.ts";

/** So many exits are asked, spread over all of them: of more the answer would be no other. */
const MOST_ASKED = 1_000;

/** What the first request in a target's line waits for, exit by exit. */
export function waitsFor(engine: Engine, target: Target, now: number): WaitsFor | undefined {
  const job = target.line.first() ?? target.lots.first();
  if (job === undefined) return undefined;
  const { table } = engine;
  const step = Math.max(1, Math.ceil(table.length / MOST_ASKED));
  const found = new Map<string, { reason: string; exits: number; retryAfterMs: number }>();
  let asked = 0;
  let usable = 0;
  for (let exit = 0; exit < table.length; exit += step) {
    if (table.exits[exit] === undefined) continue;
    asked++;
    const refusal = refusalByExit(engine, target, job.demand, exit, now);
    if (refusal === undefined) {
      usable++;
      continue;
    }
    const known = found.get(refusal.reason);
    if (known === undefined) found.set(refusal.reason, { reason: refusal.reason, exits: 1, retryAfterMs: refusal.retryAfterMs });
    else {
      known.exits++;
      known.retryAfterMs = Math.min(known.retryAfterMs, refusal.retryAfterMs);
    }
  }
  return { asked, usable, reasons: [...found.values()].sort((a, b) => b.exits - a.exits) };
}
