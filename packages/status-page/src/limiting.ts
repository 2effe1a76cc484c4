import type { PoolOverview, TargetOverview } from "@multihome/core";
import type { Level } from "./wire.ts";
import { count, duration, ofExits, soon } from "./words.ts";

type WaitsFor = NonNullable<TargetOverview["waitsFor"]>;

export interface Limiting {
  readonly level: Level;
  readonly text: string;
}

/** Share of a limit, over all exits, that is worth a warning though nothing waits for it yet … */
const NEARLY = 0.8;
/** … and that is worth being named. */
const WORTH_A_WORD = 0.2;

/** Attempts in a minute of which a share says something, and the share that would wake somebody up. */
const ENOUGH = 10;
const HARDLY = 0.5;

/** One sentence that says what keeps the pool from sending more at this moment. */
export function limitingOf(overview: PoolOverview): Limiting {
  const { exits, targets, tasks } = overview;
  if (exits.total === 0) return { level: "bad", text: `There is no exit to leave by${noneText(overview.sources)}.` };
  if (overview.outage !== undefined) return { level: "bad", text: `Nothing has been heard through any exit for ${duration(overview.outage.quietMs)}: one request at a time goes out until something is.${tasks.pending === 0 ? "" : ` ${count(tasks.pending, "request")} ${tasks.pending === 1 ? "waits" : "wait"}.`}` };
  const waiting = targets.filter(({ waiting: some }) => some > 0).sort((a, b) => b.waiting - a.waiting);
  if (waiting.length > 0) return waitingFor(waiting[0], waiting.length - 1, overview);
  const open = targets.filter(({ breaker }) => breaker !== "closed");
  if (open.length > 0) return { level: "bad", text: breakerText(open[0]) };
  if (exits.healthy === 0) return { level: "bad", text: `Nothing can be sent: ${goneText(overview)}.` };
  const paused = pausedText(targets);
  if (paused !== undefined) return { level: "warning", text: `${paused}. Nothing waits for it.` };
  if (tasks.completed + tasks.failed === 0 && overview.inflight === 0) return { level: "idle", text: "No requests yet." };
  const fullest = fullestLimit(targets);
  if (fullest !== undefined && shareOf(fullest.limit) >= NEARLY) return { level: "warning", text: `Nothing waits yet, but ${budgetText(fullest)}.` };
  if (overview.attempts1m === 0 && overview.inflight === 0 && !overview.answered.some((count) => count > 0)) return { level: "idle", text: "Nothing was sent in the last minute, and nothing waits." };
  const failing = overview.attempts1m >= ENOUGH && overview.successRate1m < HARDLY;
  if (failing) return { level: "warning", text: `Every request leaves at once, but of ${count(overview.attempts1m, "attempt")} in the last minute only ${Math.round(overview.successRate1m * 100)} % succeeded.` };
  const banned = exits.banned === 0 ? "" : ` ${capital(ofExits(exits.banned, exits.total))} ${exits.banned === 1 ? "is" : "are"} banned somewhere.`;
  return { level: "good", text: `Nothing limits it now: every request leaves at once.${banned}${fullest === undefined || shareOf(fullest.limit) < WORTH_A_WORD ? "" : ` The fullest budget: ${budgetText(fullest)}.`}` };
}

function noneText(sources: PoolOverview["sources"]): string {
  const bad = sources.find(({ trouble }) => trouble !== undefined);
  if (bad !== undefined) return `: the proxy list ${bad.name} ${bad.trouble}`;
  return sources.some(({ readAgoMs }) => readAgoMs === undefined) ? ": the proxy lists have not been read yet" : "";
}

/** Who would have to wait if somebody came. */
function pausedText(targets: readonly TargetOverview[]): string | undefined {
  const whole = targets.find(({ pausedForMs }) => pausedForMs > 0);
  if (whole !== undefined) return wholeText(whole);
  const target = targets.find(({ pausedAccounts }) => pausedAccounts.length > 0);
  if (target === undefined) return undefined;
  const [{ label, forMs }, ...more] = target.pausedAccounts;
  return `${target.name} keeps ${label}${more.length === 0 ? "" : ` and ${more.length} more`} away for another ${soon(forMs)}`;
}

function wholeText({ name, pausedForMs, pausedBy }: TargetOverview): string {
  return `${name} wants no requests at all for another ${soon(pausedForMs)}${pausedBy === undefined ? "" : ` (${pausedBy.reason})`}`;
}

function waitingFor(target: TargetOverview, others: number, overview: PoolOverview): Limiting {
  const who = `${count(target.waiting, "request")} ${target.waiting === 1 ? "waits" : "wait"} for ${target.name}`;
  const more = others === 0 ? "" : ` ${count(others, "other target")} ${others === 1 ? "has" : "have"} requests waiting as well.`;
  return { level: target.breaker === "closed" ? "warning" : "bad", text: `${reasonText(target, overview)}. ${who}.${more}` };
}

function reasonText(target: TargetOverview, { full, exits }: PoolOverview): string {
  if (target.breaker !== "closed") return breakerText(target).replace(/\.$/, "");
  if (target.pausedForMs > 0) return wholeText(target);
  const { name, waitsFor, chosen } = target;
  if (waitsFor === undefined) return full ? "As many requests as `maxInFlight` allows are in flight" : `${name} waits for an exit`;
  const held = heldText(waitsFor.held, name);
  if (held !== undefined) return held;
  const first = waitsFor.reasons[0];
  if (first === undefined || waitsFor.usable > 0) return `${count(waitsFor.usable, "exit")} of ${name} ${waitsFor.usable === 1 ? "is" : "are"} free: its queue is moving`;
  const common = commonText(first, target);
  if (common !== undefined) return common;
  const onlyTested = chosen !== undefined && chosen.exits > 0 && chosen.exits < exits.total && waitsFor.only === undefined;
  const of = waitsFor.only ?? ofExits(first.exits, waitsFor.asked, onlyTested ? "chosen exit" : "exit");
  const others = waitsFor.reasons.slice(1, 3).map(({ reason, exits: some }) => `${some.toLocaleString("en-US")} ${some === 1 ? "is" : "are"} ${shortReason(reason)}`);
  const [fact, ofFirst] = longReason(first, of, target);
  // The most frequent reason need not be the one that ends first.
  const soonest = Math.min(...waitsFor.reasons.map(({ retryAfterMs }) => (retryAfterMs > 0 ? retryAfterMs : Infinity)));
  const then = soonest < first.retryAfterMs ? `one of the others is free in ${soon(soonest)}` : ofFirst;
  const asked = waitsFor.asked < exits.total && waitsFor.only === undefined && !onlyTested ? " that were asked" : "";
  const rest = onlyTested ? "; the others are only tested" : "";
  return `${fact}${asked}${others.length === 0 ? "" : ` (${others.join(", ")})`}${then === "" ? "" : `; ${then}`}${rest}${waitsFor.only === undefined ? "" : ". The first request keeps to that exit"}`;
}

function heldText(held: WaitsFor["held"], name: string): string | undefined {
  switch (held) {
    case undefined:
      return undefined;
    case "not-ready":
      return "The exits are still being looked for";
    case "ledger-pending":
      return "The ledger has been asked for room and has not answered yet";
    case "max-in-flight":
      return "As many requests as `maxInFlight` allows are in flight";
    case "backend-limit":
      return `${name} has as many requests in flight as its \`backendLimit\` allows`;
    default: {
      const never: never = held;
      throw new TypeError(`Unknown hold ${String(never)}.`);
    }
  }
}

/** Where no exit helps: the account, or everybody, has used it up or is kept away. */
function commonText({ reason, retryAfterMs }: { readonly reason: string; readonly retryAfterMs: number }, { name, limits, waitsFor }: TargetOverview): string | undefined {
  const whose = waitsFor?.account?.label;
  if (waitsFor?.account !== undefined && waitsFor.account.pausedForMs > 0) return `${name} keeps ${whose} away for another ${soon(waitsFor.account.pausedForMs)}, whichever exit it leaves by`;
  const limit = reason.startsWith("limit:") ? limits.find((one) => one.name === reason.slice(6)) : undefined;
  if (limit === undefined || limit.scope === "exit") return undefined;
  const turns = Number.isFinite(retryAfterMs) && retryAfterMs > 0 ? `; it has room again in ${soon(retryAfterMs)}` : "; an answer that is out will show when there is room";
  return `${limit.name} of ${limit.scope === "target" ? "everybody together" : (whose ?? "the account")} is used up, whichever exit is taken${turns}`;
}

/** What holds, and when it changes. */
function longReason({ reason, exits, retryAfterMs: afterMs }: WaitsFor["reasons"][number], of: string, { limits }: TargetOverview): readonly [string, string] {
  const one = exits === 1;
  const after = (text: string, unknown = ""): string => (Number.isFinite(afterMs) && afterMs > 0 ? `${text} ${soon(afterMs)}` : unknown);
  if (reason.startsWith("limit:")) return [`${reason.slice(6)} ${isUsedUp(reason.slice(6), exits, limits) ? "is used up" : "has no room for the next request"} on ${of}`, after("the next window turns in", "an answer that is out will show when there is room")];
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

/** A heavy request may find no room where a light one would. */
function isUsedUp(name: string, exits: number, limits: TargetOverview["limits"]): boolean {
  return (limits.find((limit) => limit.name === name)?.usedUp ?? 0) >= exits;
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

function goneText({ at, exits: { total, cooldown, banned, dead }, columns }: PoolOverview): string {
  const parts = [cooldown > 0 ? `${cooldown.toLocaleString("en-US")} resting` : "", banned > 0 ? `${banned.toLocaleString("en-US")} banned` : "", dead > 0 ? `${dead.toLocaleString("en-US")} dead` : ""];
  let backAt = Infinity;
  for (const until of columns.untilAt) if (until > at && until < backAt) backAt = until;
  return `of ${count(total, "exit")}, ${parts.filter((part) => part !== "").join(", ")}${backAt === Infinity ? "" : `; the first is back everywhere in ${soon(backAt - at)}`}`;
}

interface Budget {
  readonly target: TargetOverview;
  readonly limit: TargetOverview["limits"][number];
}

function fullestLimit(targets: readonly TargetOverview[]): Budget | undefined {
  let found: Budget | undefined;
  for (const target of targets) for (const limit of target.limits) if (shareOf(limit) > (found === undefined ? 0 : shareOf(found.limit))) found = { target, limit };
  return found;
}

/** Exits share the work, so their mean counts; an account that is full has no other to go to. */
function shareOf({ scope, mean, most }: Budget["limit"]): number {
  return scope === "exit" ? mean : most;
}

function budgetText({ target, limit }: Budget): string {
  const turns = limit.turnsInMs > 0 ? `; it turns in ${soon(limit.turnsInMs)}` : "";
  if (limit.scope !== "exit") {
    const whose = limit.scope === "target" ? "everybody together" : limit.named === 1 ? "the only account" : `the fullest of ${limit.named.toLocaleString("en-US")} accounts`;
    return `${limit.name} of ${target.name} is used to ${Math.round(Math.min(1, limit.most) * 100)} % by ${whose}${turns}`;
  }
  const full = limit.usedUp > 0 ? ` and used up on ${ofExits(limit.usedUp, limit.exits)}` : "";
  return `${limit.name} of ${target.name} is used by ${Math.round(Math.min(1, limit.mean) * 100)} % on average${full}${turns}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
