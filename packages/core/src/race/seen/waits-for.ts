import type { WaitsFor } from "../../model/overview.ts";
import { accountLabel } from "../../quota/owner-label.ts";
import type { Engine } from "../engine.ts";
import type { Job } from "../job.ts";
import { refusalByExit } from "../by-hand/refusal.ts";
import type { Target } from "../target.ts";
import { awaited } from "../wish.ts";

/** So many exits are asked, spread over all of them: of more the answer would be no other. */
const MOST_ASKED = 1_000;

/** What the first request in a target's line waits for, exit by exit. */
export function waitsFor(engine: Engine, target: Target, now: number): WaitsFor | undefined {
  const job = target.line.first() ?? target.lots.first();
  if (job === undefined) return undefined;
  const { length, exits } = engine.table;
  const only = awaited(job, now);
  const spread = Math.max(1, Math.ceil(length / MOST_ASKED));
  const chosen = only < 0 && target.worth !== undefined ? askExits(job, now, { from: 0, end: length, step: 1, chosen: true }) : undefined;
  const { asked, usable, found } = chosen !== undefined && chosen.asked > 0 ? chosen : askExits(job, now, only < 0 ? { from: 0, end: length, step: spread, chosen: false } : { from: only, end: only + 1, step: 1, chosen: false });
  const account = job.demand?.account;
  const whose = account === undefined ? undefined : { label: accountLabel(account), pausedForMs: Math.max(0, Math.round(target.pauses.untilOfAccount(account) - now)) };
  return { held: heldBy(job), only: only < 0 ? undefined : exits[only]?.id, asked, usable, account: whose, reasons: [...found.values()].sort((a, b) => b.exits - a.exits) };
}

function heldBy({ engine, target, ask, pending }: Job): WaitsFor["held"] {
  if (!engine.ready) return "not-ready";
  if (ask !== undefined || pending) return "ledger-pending";
  if (!engine.gate.open) return "max-in-flight";
  return target.inFlight >= target.rules.backendLimit ? "backend-limit" : undefined;
}

interface Which {
  readonly from: number;
  readonly end: number;
  readonly step: number;
  /** Only those that the policy sends by: others would be tested at most. */
  readonly chosen: boolean;
}

interface Asked {
  asked: number;
  usable: number;
  readonly found: Map<string, { reason: string; exits: number; retryAfterMs: number }>;
}

function askExits({ engine, target, demand }: Job, now: number, { from, end, step, chosen }: Which): Asked {
  const { exits } = engine.table;
  const sum: Asked = { asked: 0, usable: 0, found: new Map() };
  const { found } = sum;
  for (let exit = from; exit < end && sum.asked < MOST_ASKED; exit += step) {
    if (exits[exit] === undefined || (chosen && target.worth?.chooses(exit) === false)) continue;
    sum.asked++;
    const refusal = refusalByExit(engine, target, demand, exit, now);
    if (refusal === undefined) {
      sum.usable++;
      continue;
    }
    const known = found.get(refusal.reason);
    if (known === undefined) found.set(refusal.reason, { reason: refusal.reason, exits: 1, retryAfterMs: refusal.retryAfterMs });
    else {
      known.exits++;
      known.retryAfterMs = Math.min(known.retryAfterMs, refusal.retryAfterMs);
    }
  }
  return sum;
}
