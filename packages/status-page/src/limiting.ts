import type { PoolOverview, TargetOverview } from "@multihome/core";
import type { Level } from "./wire.ts";
import { count, ofExits, soon } from "./words.ts";

export interface Limiting {
  readonly level: Level;
  readonly text: string;
}

/** Share of a limit, over all exits, that is worth a warning though nothing waits for it yet … */
const NEARLY = 0.8;
/** … and that is worth being named. */
const WORTH_A_WORD = 0.2;

/** One sentence that says what keeps the pool from sending more at this moment. */
export function limitingOf(overview: PoolOverview): Limiting {
  const { exits, targets, tasks } = overview;
  if (exits.total === 0) return { level: "bad", text: "There is no exit to leave by." };
  const waiting = targets.filter(({ waiting: some }) => some > 0).sort((a, b) => b.waiting - a.waiting);
  if (waiting.length > 0) return waitingFor(waiting[0], waiting.length - 1, overview);
  const open = targets.filter(({ breaker }) => breaker !== "closed");
  if (open.length > 0) return { level: "bad", text: breakerText(open[0]) };
  if (exits.healthy === 0) return { level: "bad", text: `Nothing can be sent: ${goneText(exits)}.` };
  if (tasks.completed + tasks.failed === 0 && overview.inflight === 0) return { level: "idle", text: "No requests yet." };
  const fullest = fullestLimit(targets);
  if (fullest !== undefined && fullest.limit.mean >= NEARLY) return { level: "warning", text: `Nothing waits yet, but ${budgetText(fullest)}.` };
  if (overview.attempts1m === 0 && overview.inflight === 0) return { level: "idle", text: "Nothing was sent in the last minute, and nothing waits." };
  return { level: "good", text: `Nothing limits it now: every request leaves at once.${fullest === undefined || fullest.limit.mean < WORTH_A_WORD ? "" : ` The fullest budget: ${budgetText(fullest)}.`}` };
}

function waitingFor(target: TargetOverview, others: number, overview: PoolOverview): Limiting {
  const who = `${count(target.waiting, "request")} ${target.waiting === 1 ? "waits" : "wait"} for ${target.name}`;
  const more = others === 0 ? "" : ` ${count(others, "other target")} ${others === 1 ? "has" : "have"} requests waiting as well.`;
  return { level: target.breaker === "closed" ? "warning" : "bad", text: `${reasonText(target, overview)}. ${who}.${more}` };
}

function reasonText(target: TargetOverview, { full, exits }: PoolOverview): string {
  if (target.breaker !== "closed") return breakerText(target).replace(/\.$/, "");
  if (target.pausedForMs > 0) return `${target.name} wants no requests at all for another ${soon(target.pausedForMs)}`;
  const { waitsFor } = target;
  const first = waitsFor?.reasons[0];
  if (waitsFor === undefined || first === undefined || waitsFor.usable > 0) {
    if (full) return "As many requests as `maxInFlight` allows are in flight";
    return waitsFor !== undefined && waitsFor.usable > 0 ? `${target.name} has as many requests in flight as \`backendLimit\` or a probe allows` : `${target.name} waits for an exit`;
  }
  const others = waitsFor.reasons.slice(1, 3).map(({ reason, exits: some }) => `${some.toLocaleString("en-US")} ${some === 1 ? "is" : "are"} ${shortReason(reason)}`);
  const [fact, then] = longReason(first.reason, ofExits(first.exits, waitsFor.asked), first.exits === 1, first.retryAfterMs);
  const asked = waitsFor.asked < exits.total ? " that were asked" : "";
  return `${fact}${asked}${others.length === 0 ? "" : ` (${others.join(", ")})`}${then === "" ? "" : `; ${then}`}`;
}

/** What holds, and when it changes. */
function longReason(reason: string, of: string, one: boolean, afterMs: number): readonly [string, string] {
  const after = (text: string, unknown = ""): string => (Number.isFinite(afterMs) && afterMs > 0 ? `${text} ${soon(afterMs)}` : unknown);
  if (reason.startsWith("limit:")) return [`${reason.slice(6)} is used up on ${of}`, after("the next window turns in", "an answer that is out will show when there is room")];
  switch (reason) {
    case "cooldown":
      return [`${capital(of)} ${one ? "rests" : "rest"} after failures or refusals`, after("the first is back in")];
    case "banned":
      return [`${capital(of)} ${one ? "is" : "are"} banned`, after("the first ban ends in")];
    case "dead":
      return [`${capital(of)} ${one ? "is" : "are"} dead, with never a success`, ""];
    case "spacing":
      return [`${capital(of)} ${one ? "keeps its" : "keep their"} spacing between two requests`, after("the next may go in")];
    case "in-flight":
      return [`${capital(of)} ${one ? "has" : "have"} as many requests in flight as \`perExitInFlight\` allows`, ""];
    default:
      return [`${capital(of)}: ${reason}`, after("for")];
  }
}

/** As it stands after a number of exits. */
export function shortReason(reason: string): string {
  if (reason.startsWith("limit:")) return `without room in ${reason.slice(6)}`;
  switch (reason) {
    case "cooldown":
      return "resting";
    case "in-flight":
      return "fully in flight";
    case "spacing":
      return "keeping their spacing";
    default:
      return reason;
  }
}

export function breakerText({ name, breaker, breakerReason, nextProbeInMs }: TargetOverview): string {
  const why = breakerReason === "no-exits" ? "no exit can be used there" : "too many errors of the target in a row";
  if (breaker === "half-open") return `The breaker of ${name} is half open (${why}): one request probes it.`;
  return `The breaker of ${name} is open (${why})${nextProbeInMs === undefined ? "" : `; the next probe may go in ${soon(nextProbeInMs)}`}.`;
}

function goneText({ total, cooldown, banned, dead }: PoolOverview["exits"]): string {
  const parts = [cooldown > 0 ? `${cooldown.toLocaleString("en-US")} resting` : "", banned > 0 ? `${banned.toLocaleString("en-US")} banned` : "", dead > 0 ? `${dead.toLocaleString("en-US")} dead` : ""];
  return `of ${count(total, "exit")}, ${parts.filter((part) => part !== "").join(", ")}`;
}

interface Budget {
  readonly target: TargetOverview;
  readonly limit: TargetOverview["limits"][number];
}

function fullestLimit(targets: readonly TargetOverview[]): Budget | undefined {
  let found: Budget | undefined;
  for (const target of targets) for (const limit of target.limits) if (limit.exits > 0 && limit.mean > (found?.limit.mean ?? 0)) found = { target, limit };
  return found;
}

function budgetText({ target, limit }: Budget): string {
  const full = limit.usedUp > 0 ? ` and used up on ${ofExits(limit.usedUp, limit.exits)}` : "";
  return `${limit.name} of ${target.name} is used by ${Math.round(Math.min(1, limit.mean) * 100)} % on average${full}${limit.turnsInMs > 0 ? `; it turns in ${soon(limit.turnsInMs)}` : ""}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
