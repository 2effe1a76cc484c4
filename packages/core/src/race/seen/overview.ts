import { EXIT_STATES, type ExitDetails, type PoolOverview, type SourceOverview, type TargetDetails, type TargetOverview } from "../../model/overview.ts";
import type { Traffic } from "../../health/traffic.ts";
import { accountLabel } from "../../quota/owner-label.ts";
import type { Engine } from "../engine.ts";
import { ColumnsMaker } from "./exit-columns.ts";
import { MOST_NAMED } from "./named-counters.ts";
import type { ReadableSources } from "./source-readings.ts";
import { exitStatus } from "./status.ts";
import type { Target } from "../target.ts";
import { waitsFor } from "./waits-for.ts";

/** Whole seconds of answers that are told. */
const SECONDS = 60;

export function overviewOf(engine: Engine, targets: Iterable<Target>, traffic: Traffic, sources: ReadableSources): PoolOverview {
  const now = engine.clock.now();
  const maker = new ColumnsMaker(engine, now);
  const chosen = new Chosen();
  const shown: TargetOverview[] = [];
  let pending = 0;
  for (const target of targets) {
    pending += target.waiting;
    const { breaker } = target;
    const probeAt = breaker.nextProbeAt;
    shown.push({
      name: target.name,
      breaker: breaker.state(now),
      breakerReason: breaker.reason,
      nextProbeInMs: probeAt === undefined || probeAt === Infinity ? undefined : Math.max(0, Math.round(probeAt - now)),
      waiting: target.waiting,
      inflight: target.inFlight,
      pausedForMs: Math.max(0, Math.round(target.pauses.wholeUntil - now)),
      pausedBy: target.pauses.wholeUntil > now ? target.causes.of(undefined, now) : undefined,
      limits: maker.add(target),
      pausedAccounts: pausedAccounts(target, now),
      chosen: chosen.of(engine, target, now),
      waitsFor: waitsFor(engine, target, now),
    });
  }
  const columns = maker.finish();
  const { blackout } = engine.policy;
  const { good, all } = traffic.attempts1m(now);
  return {
    pool: engine.name,
    at: now,
    exits: countStates(columns.state),
    tasks: { pending, completed: traffic.completed, failed: traffic.failed },
    answered: traffic.answeredBySecond(now, SECONDS),
    successRate1m: all === 0 ? 0 : good / all,
    attempts1m: all,
    avgLatencyMs: Math.round(traffic.avgLatencyMs * 10) / 10,
    inflight: engine.gate.inFlight,
    full: !engine.gate.open,
    switches: engine.switches,
    outage: blackout?.standing === true ? { quietMs: Math.round(blackout.quietMs(now)) } : undefined,
    targets: shown,
    sources: sources.map(({ status }) => sourceOverview(status, engine.clock.wallTime())),
    columns,
  };
}

/** `undefined` where the pool has no exit of this id. */
export function inspectExit(engine: Engine, targets: Iterable<Target>, id: string): ExitDetails | undefined {
  const index = engine.table.indexOf(id);
  const exit = index === undefined ? undefined : engine.table.exits[index];
  if (index === undefined || exit === undefined) return undefined;
  const now = engine.clock.now();
  const details: Record<string, TargetDetails> = {};
  for (const target of targets) {
    const { outcomes, samples, sinceSuccessMs } = target.health.of(index, now);
    const cause = target.causes.of(index, now);
    details[target.name] = {
      ...exitStatus(engine, target, index, now),
      outcomes: Array.from({ length: samples }, (_, age) => ((outcomes >>> age) & 1) === 1),
      score: target.health.score(index),
      ...(sinceSuccessMs === undefined ? {} : { sinceSuccessMs }),
      ...(cause === undefined ? {} : { cause }),
    };
  }
  return { exit, targets: details };
}

function sourceOverview({ name, ok, proxies, refused, lastReadAt, error }: ReadableSources[number]["status"], wallTime: number): SourceOverview {
  return { name, up: ok, proxies, rejected: refused, readAgoMs: lastReadAt === undefined ? undefined : Math.max(0, wallTime - lastReadAt), trouble: error };
}

/** Exits of which one overview finds out whether they are chosen, some 2 ms; then of each target so many, spread over all of them. */
const MOST_ASKED = 200_000;
const LEAST_ASKED = 1_000;

class Chosen {
  #left = MOST_ASKED;

  of({ policy, table }: Engine, { worth }: Target, now: number): TargetOverview["chosen"] {
    if (worth === undefined) return undefined;
    policy.moment(now);
    const step = table.length <= this.#left ? 1 : Math.ceil(table.length / LEAST_ASKED);
    let asked = 0;
    let exits = 0;
    for (let exit = 0; exit < table.length; exit += step) {
      if (table.exits[exit] === undefined) continue;
      asked++;
      if (worth.chooses(exit)) exits++;
    }
    this.#left -= asked;
    return { asked, exits };
  }
}

function pausedAccounts({ pauses }: Target, now: number): TargetOverview["pausedAccounts"] {
  const paused = [...pauses.accounts(now)].sort((a, b) => b.until - a.until).slice(0, MOST_NAMED);
  return paused.map(({ account, until, reason }) => ({ label: accountLabel(account), forMs: Math.round(until - now), reason }));
}

function countStates(state: Uint8Array): PoolOverview["exits"] {
  const counts = new Array<number>(EXIT_STATES.length).fill(0);
  for (const one of state) counts[one]++;
  const [unknown, active, warning, cooldown, banned, dead] = counts;
  return { total: state.length, healthy: unknown + active + warning, cooldown, banned, dead };
}
