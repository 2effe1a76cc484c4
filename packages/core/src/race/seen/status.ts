import type { AlertOptions } from "../../model/options.ts";
import type { ExitStatus, PoolStatus } from "../../model/pool.ts";
import type { Traffic } from "../../health/traffic.ts";
import type { Engine } from "../engine.ts";
import { beliefOf } from "./belief.ts";
import { mostTelling } from "./most-telling.ts";
import type { Target } from "../target.ts";

/** Exits shown for each target. */
const MOST_SHOWN = 1_000;
/** Share of a limit at which an exit's status becomes "warning". */
const WARNING_AT = 0.8;

export function statusOf(engine: Engine, targets: Iterable<Target>, traffic: Traffic, _alerts: AlertOptions): Omit<PoolStatus, "slots"> {
  const now = engine.clock.now();
  const { books, table } = engine;
  const { blackout } = engine.policy;
  const shown: PoolStatus["targets"] = {};
  let pending = 0;
  let omitted = 0;
  const paused = new Set<number>();
  const banned = new Set<number>();
  const dead = new Set<number>();
  const breakers: PoolStatus["breakers"] = {};
  for (const target of targets) {
    pending += target.waiting;
    for (const { egress, reason } of target.pauses.entries(now)) for (const exit of table.membersOf(egress)) (reason === "banned" ? banned : paused).add(exit);
    breakers[target.name] = target.breaker.state(now);
    for (let exit = 0; exit < table.length; exit++) {
      const rests = target.health.restsUntil(exit);
      if (rests === Infinity) dead.add(exit);
      else if (rests > now) paused.add(exit);
    }
    const exits: Record<string, ExitStatus> = {};
    const told = mostTelling(engine, target, MOST_SHOWN, now);
    for (const exit of told) exits[table.exits[exit]?.id ?? ""] = exitStatus(engine, target, exit, now);
    omitted += table.size - told.length;
    shown[target.name] = { exits };
  }
  for (const exit of banned) paused.delete(exit);
  for (const exit of dead) {
    paused.delete(exit);
    banned.delete(exit);
  }
  return {
    exits: { total: table.size, healthy: table.size - paused.size - banned.size - dead.size, cooldown: paused.size, banned: banned.size, dead: dead.size },
    tasks: { pending, completed: traffic.completed, failed: traffic.failed },
    throughput: { s1: traffic.perSecond(now, 1), s10: traffic.perSecond(now, 10), s60: traffic.perSecond(now, 60) },
    successRate1m: traffic.successRate1m(now),
    avgLatencyMs: Math.round(traffic.avgLatencyMs * 10) / 10,
    inflight: engine.gate.inFlight,
    switches: engine.switches,
    breakers,
    ...(blackout?.standing === true ? { outage: { quietMs: Math.round(blackout.quietMs(now)) } } : {}),
    ...(books === undefined ? {} : { ledger: { faults: books.faults } }),
    kinds: engine.kinds.status,
    targets: shown,
    omitted,
  };
}

/** One exit at one target. */
export function exitStatus(engine: Engine, target: Target, exit: number, now: number): ExitStatus {
  const { desk, pauses, quota, health } = target;
  quota?.catchUp(now);
  const egress = engine.table.egress[exit];
  const { success, fail, warnings, consecutiveFails, avgLatencyMs, inflight } = health.of(exit, now);
  const rests = health.restsUntil(exit);
  const limits = (quota?.current ?? [])
    .filter((limit) => limit.scope === "exit")
    .map((limit) => {
      const row = limit.rowOf(egress, undefined, undefined, now);
      const used = limit.meter.used(row, now);
      return { name: limit.name, used, limit: limit.meter.limit, utilisation: used / limit.meter.limit, resetsInMs: Math.max(0, Math.round(limit.meter.resetsAt(row, now) - now)) };
    });
  const until = Math.max(pauses.untilOf(egress), pauses.wholeUntil, rests === Infinity ? 0 : rests);
  const waits = until > now;
  const banned = waits && (pauses.untilOf(egress) >= until ? pauses.reasonOf(egress) === "banned" : pauses.wholeUntil >= until);
  const known = success + fail + warnings > 0;
  const status = rests === Infinity ? "dead" : banned ? "banned" : waits ? "cooldown" : limits.some(({ utilisation }) => utilisation >= WARNING_AT) ? "warning" : known ? "active" : "unknown";
  const carries = desk.carry.mostOf(exit, now);
  const belief = beliefOf(engine, target, exit, now);
  return {
    status,
    state: stateOf(engine, exit, waits || rests === Infinity),
    limits,
    warnings,
    ...(waits ? { untilMs: Math.round(until - now) } : {}),
    success,
    fail,
    successRate: success + fail === 0 ? 0 : success / (success + fail),
    avgLatencyMs,
    consecutiveFails,
    inflight,
    ...(carries === Infinity ? {} : { carries }),
    ...(belief === undefined ? {} : { belief }),
  };
}

/** Found from what the table counts whenever it is asked for, so that it can never be out of step with it. */
function stateOf({ table }: Engine, exit: number, rests: boolean): ExitStatus["state"] {
  if (rests) return "cooling";
  if (table.inFlight[exit] > 0) return "busy";
  return table.shared[exit] > 0 ? "long-lived" : "idle";
}
