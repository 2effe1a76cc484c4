import { connectFault } from "../connect/connect-error.ts";
import type { ResponseInfo } from "../model/response.ts";
import type { Verdict, VerdictKind } from "../model/verdict.ts";
import { isPlainSuccess } from "../model/default-verdict.ts";
import type { Reserved } from "../quota/demand.ts";
import type { PauseReason } from "../quota/pauses.ts";
import { parseRetryAfter } from "../time/retry-after.ts";
import { channels } from "../observe/channels.ts";
import { isTold, soOften } from "../observe/seldom.ts";
import { pauseLimit, settleInLedger } from "./ledger/books.ts";
import { announcePause, announceRefusal } from "./seen/announce.ts";
import type { Leg } from "./leg.ts";
import { readable } from "./readable-response.ts";
import { reasonOfAnswer } from "./reason.ts";
import { BANS } from "./seen/tally.ts";

/** The head of an answer: its meaning, and what the quota and the server's clock learn from it. */
export function learnFrom(leg: Leg, info: ResponseInfo, now: number): void {
  leg.status = info.status;
  const verdict = leg.job.target.rules.classify === undefined && isPlainSuccess(info) ? undefined : judge(leg, info);
  leg.verdict = verdict === undefined ? "success" : verdict.kind;
  if (!leg.counted) {
    leg.counted = true;
    if (leg.reserved !== undefined) settleQuota(leg, leg.reserved, info, now);
  }
  if (verdict !== undefined && verdict.kind !== "success") keepAway(leg, verdict, info, now);
}

/** What was reserved is what was spent, or less; and the server says what it has counted. */
function settleQuota(leg: Leg, reserved: Reserved, info: ResponseInfo, now: number): void {
  const { job, engine, exitIndex } = leg;
  const { target, request } = job;
  const { quota } = target;
  if (quota === undefined) return;
  const writtenAt = target.serverClock.learn(info.header("date"), leg.startedAt, now);
  const outcome = { now, sentAt: leg.startedAt, writtenAt, answered: true };
  const gaveBack = quota.answered(reserved, engine.table.egress[exitIndex], readable(info), request, outcome);
  target.desk.settled(exitIndex, gaveBack);
  if (leg.grant !== undefined) settleInLedger(leg, info.status >= 200 && info.status < 300 ? "succeeded" : "refused");
}

function keepAway(leg: Leg, verdict: Verdict, info: ResponseInfo, now: number): void {
  leg.reason = reasonOfAnswer(verdict, info, leg.job.request.method, leg.exit.kind);
  if (verdict.kind === "rate-limited" || verdict.kind === "banned") pauseFor(leg, verdict, info, now);
  else if (verdict.kind === "blocked" && verdict.scope === "exit") backOff(leg, verdict, info, now);
}

/** A firewall's refusal: neither a limit nor a ban, but whoever goes on at once makes it worse. Only where the target's rules say that it is the exit's. */
function backOff(leg: Leg, verdict: Verdict, info: ResponseInfo, now: number): void {
  const { engine, exitIndex, job } = leg;
  const egress = engine.table.egress[exitIndex];
  const asked = verdict.retryAfterMs ?? parseRetryAfter(info.header("retry-after"), engine.clock.wallTime());
  const until = job.target.pauses.pauseExit(egress, "rate-limited", asked, now);
  if (engine.books !== undefined) engine.books.pauseAll(leg.target, "exit", egress, job.demand?.account, until, "rate-limited");
}

/** A classifier of the user's that throws is no reason to lose an answer, nor one to say so at each. */
function judge(leg: Leg, info: ResponseInfo): Verdict {
  const { target, request } = leg.job;
  try {
    return target.judge(info, request, leg.exitIndex);
  } catch (error) {
    const count = ++target.classifierThrew;
    if (isTold(count)) leg.engine.warn(`The classifier of ${target.name} threw; its answer is taken by its status.${soOften(count)}`, { target: target.name, error });
    return target.judgeByDefault(info, request, leg.exitIndex);
  }
}

/** Keeps whoever was refused away for as long as the server asks. */
export function pauseFor(leg: Leg, verdict: Verdict, info: ResponseInfo | undefined, now: number): void {
  if (verdict.kind !== "rate-limited" && verdict.kind !== "banned") return;
  const { job, engine } = leg;
  const { target } = job;
  const { pauses, quota } = target;
  const egress = engine.table.egress[leg.exitIndex];
  const asked = verdict.retryAfterMs ?? parseRetryAfter(info?.header("retry-after"), engine.clock.wallTime());
  const reason = verdict.kind;
  const account = job.demand?.account;

  if (verdict.limit !== undefined && quota !== undefined) {
    const index = quota.indexOf(verdict.limit);
    if (index !== undefined) {
      const limit = quota.limits[index];
      const row = limit.rowOf(egress, account, undefined, now);
      // A fixed window turns for all at once; of the others one whole span is as long as it can take.
      // Nobody is away for longer than the longest pause, or than what the limit counts takes to be forgotten.
      const until = asked !== undefined && asked > 0 ? now + Math.min(asked, Math.max(pauses.longestMs, limit.meter.perMs)) : limit.align === "fixed" ? limit.meter.resetsAt(row, now) : now + limit.meter.perMs;
      count(leg, reason, limit.pausedUntil[row] ?? 0, until, now, false, false);
      limit.pause(row, until);
      if (engine.books !== undefined) pauseLimit(target, limit, egress, account, until);
      if (channels.requestRefused.hasSubscribers) announceRefusal(leg, reason, limit.scope, limit.name, until - now);
      return;
    }
  }
  const scope = verdict.scope === "account" && account === undefined ? "exit" : (verdict.scope ?? "exit");
  let until: number;
  const whole = pauses.wholeUntil;
  // What was sent before the first 418 came is told of the same ban.
  const known = scope === "exit" && pauses.untilOf(egress) > now && pauses.reasonOf(egress) === "banned";
  const before = scope === "exit" ? pauses.untilOf(egress) : pauses.untilForAll(scope === "account" ? account : undefined);
  if (scope === "account") {
    until = pauses.pauseAccount(account as string, reason, asked, now);
    if (engine.books !== undefined) engine.books.pauseAll(target.name, "account", egress, account, until, reason);
  } else if (scope === "target") {
    until = pauses.pauseAll(reason, asked, now);
    if (engine.books !== undefined) engine.books.pauseAll(target.name, "target", egress, account, until, reason);
  } else {
    until = pauses.pauseExit(egress, reason, reason === "rate-limited" && warnedOften(leg, now) ? Math.max(asked ?? 0, PASSED_ON_MS) : asked, now);
    let full = 0;
    if (reason === "rate-limited") carryLess(leg, now);
    if (reason === "rate-limited" && job.demand !== undefined) full = quota?.refused(job.demand, egress, asked !== undefined, { now, sentAt: leg.startedAt, writtenAt: undefined, answered: true }) ?? 0;
    // Whatever this process takes for full is so for the others.
    if (engine.books !== undefined) engine.books.pauseAll(target.name, "exit", egress, account, Math.max(until, full), reason);
    engine.switches++;
    if (reason === "banned") {
      if (!known) target.tally.counts[BANS]++;
      if (!known && channels.alertRaised.hasSubscribers) channels.alertRaised.publish({ pool: engine.name, at: now, alert: "ban", exit: leg.exit.id, target: target.name, count: 1 });
      const second = pauses.secondBan(egress, now);
      const all = target.rules.onBan === "pause" ? pauses.pauseAll("banned", asked, now) : second !== undefined ? pauses.pauseAll("banned", undefined, now, second) : 0;
      if (all > 0 && engine.books !== undefined) engine.books.pauseAll(target.name, "target", egress, account, all, reason);
    }
  }
  if (scope === "exit") target.causes.exit(leg, reason, asked, now);
  if (scope === "target" || pauses.wholeUntil > whole) target.causes.target(leg, reason, asked, now);
  count(leg, reason, before, until, now, scope === "exit", reason === "banned" && !known);
  if (channels.requestRefused.hasSubscribers) announceRefusal(leg, reason, scope, undefined, until - now);
}

/** How long this keeps away whoever was refused, beyond what an earlier refusal did. @param own the exit alone @param ban a ban that was not known */
function count(leg: Leg, reason: PauseReason, before: number, until: number, now: number, own: boolean, ban: boolean): void {
  const { engine, exitIndex, job } = leg;
  job.target.tally.rested(reason, until - Math.max(before, now));
  if (!own || until <= now || (before > now && !ban)) return;
  engine.exitTally.rested(exitIndex, reason);
  if (channels.exitChanged.hasSubscribers) announcePause(leg, reason, until - now, before > now ? "cooldown" : "healthy");
}

/** It is refused although it pauses each time: then it sends too much together. */
function carryLess({ engine, exitIndex, exit, job, startedAt }: Leg, now: number): void {
  const { desk, health, name } = job.target;
  const most = desk.carry.refused(exitIndex, health.out(exitIndex), startedAt, now);
  if (most === undefined || !channels.exitChanged.hasSubscribers) return;
  channels.exitChanged.publish({ pool: engine.name, at: now, target: name, exit: exit.id, from: "healthy", to: "slowed", reason: `rate-limited again; carries ${most} at once`, cooldownMs: undefined, consecutiveFails: undefined });
}

/** In a pool of a primary and its backups the next one takes over after so many warnings, for so long. */
const WARNINGS = 3;
const PASSED_ON_MS = 60_000;

function warnedOften({ engine, exitIndex, job }: Leg, now: number): boolean {
  // This one is not counted yet: its attempt has not ended.
  return engine.rules.failover && (job.target.health.of(exitIndex, now).warnings + 1) % WARNINGS === 0;
}

/**
 * Whose fault a failed attempt is. Through a proxy whatever happened before an answer is the proxy's. On a local exit a
 * failed connection is the target's unless it is the address that cannot be used; what breaks after sending may be anything
 * on the way, and another address is another way.
 */
export function faultOf(leg: Leg, error: unknown, sent: boolean): VerdictKind {
  const { engine, exitIndex } = leg;
  if (sent || engine.table.isProxy[exitIndex]) return "exit-error";
  const fault = connectFault(error);
  // Out of ports, or a connection that is dropped on the way: this address rests for a moment, others may do better.
  if (fault === "local" || timedOut(error)) restBriefly(leg);
  return fault === "target" && !timedOut(error) ? "target-error" : "exit-error";
}

function restBriefly(leg: Leg): void {
  const { engine, exitIndex, job } = leg;
  const { pauses } = job.target;
  const egress = engine.table.egress[exitIndex];
  const now = engine.clock.now();
  const before = pauses.untilOf(egress);
  job.target.causes.exit(leg, "timeout", undefined, now);
  count(leg, "timeout", before, pauses.pauseExit(egress, "timeout", undefined, now), now, true, false);
}

function timedOut(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as { code?: unknown }).code === "ETIMEDOUT";
}
