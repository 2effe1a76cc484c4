import type { ExitsOptions } from "../model/options.ts";
import type { Classify, ResponseInfo } from "../model/response.ts";
import type { RequestInfo } from "../model/request.ts";
import type { Verdict } from "../model/verdict.ts";
import type { Desk } from "../lease/desk.ts";
import type { WorthOrder } from "../lease/worth-order.ts";
import type { Pauses } from "../quota/pauses.ts";
import type { Quota } from "../quota/quota.ts";
import type { Breaker } from "../breaker/breaker.ts";
import { Latencies } from "../health/latencies.ts";
import { Rows } from "../health/rows.ts";
import type { TargetHealth } from "../health/target-health.ts";
import { Line } from "../queue/line.ts";
import { Lots } from "../queue/lots.ts";
import type { ServerClock } from "../time/server-clock.ts";
import type { Alarm } from "../time/timer-queue.ts";
import { defaultVerdict } from "../model/default-verdict.ts";
import type { Calibrator, CompiledRule, RequestCost, WeightHistory } from "../weights/index.ts";
import type { Engine } from "./engine.ts";
import { Causes } from "./seen/causes.ts";
import type { Job } from "./job.ts";
import type { TargetWishes } from "./wish.ts";
import { Tally } from "./seen/tally.ts";
import type { TargetTimings } from "./seen/timings.ts";
import { readable } from "./readable-response.ts";
import { verdictOf } from "./outcome.ts";

/** What the user has said about a target, ready for use. */
export interface TargetRules {
  readonly classify: Classify | undefined;
  readonly raceMode: "adaptive" | "race" | "hedge" | "off";
  readonly raceWidth: number;
  readonly raceMethods: ReadonlySet<string>;
  /** The user has named the methods: bodies that can be sent twice are raced as well. */
  readonly raceBodies: boolean;
  /** `undefined`: the 95th percentile of what the target's answers take. */
  readonly hedgeDelayMs: number | undefined;
  readonly backendLimit: number;
  readonly onBan: "rotate" | "pause";
  /** `undefined`: every request costs 1, and nobody counts it. */
  readonly cost: ((request: RequestInfo) => RequestCost) | undefined;
  /** The same of opening a long-lived connection, where the target's table knows what that costs. */
  readonly connectCost: ((request: RequestInfo) => RequestCost | undefined) | undefined;
  readonly account: ((request: RequestInfo) => string | undefined) | undefined;
}

/** A target at work: its rooms, and who waits for it. */
export class Target {
  readonly name: string;
  rules: TargetRules;
  readonly engine: Engine;
  readonly desk: Desk;
  readonly pauses: Pauses;
  readonly serverClock: ServerClock;
  readonly health: TargetHealth;
  readonly breaker: Breaker;
  /** Of successful attempts, to their heads: for hedges. */
  readonly latencies = new Latencies();
  /** Why exits keep away from it. */
  readonly causes = new Causes();
  /** How its exits are chosen. */
  strategy: NonNullable<ExitsOptions["strategy"]> = "rotate";
  /** What metrics show of it. */
  readonly tally = new Tally();
  /** Refusals by exit. */
  readonly refusals = new Rows(1);
  /** Made when durations are counted. */
  timings: TargetTimings | undefined;
  /** Metrics have series of its own for it. */
  shown = true;
  readonly line = new Line<Job>();
  /** Those of the line that wait for what no exit makes up for; they stand in nobody's way. */
  readonly lots = new Lots<Job>(this.line, (job) => this.engine.room.back(job));
  /** Requests that wait for a place in the line, in order. */
  readonly outside = new Line<Job>();
  /** What was sent, for the weight report; only where there is a table. */
  history: WeightHistory | undefined;
  /** What is learnt of weights from headers; only where there is a table. */
  calibrator: Calibrator | undefined;
  #saidFull = 0;
  /** How often its classifier threw. */
  classifierThrew = 0;
  readonly #warned = new WeakSet<CompiledRule>();
  /** How many in the line are being asked for at the ledger. */
  asking = 0;
  /** Exits of keys, and those that were used last; only where requests ask for one or the other. */
  wishes: TargetWishes | undefined;
  /** How many in the line stand aside. */
  picky = 0;
  readonly wake: Alarm;
  /** Its order, where that is by what attempts are worth. */
  readonly worth: WorthOrder | undefined;
  /** Attempts in flight and shared leases, for `backendLimit`. */
  inFlight = 0;
  /** Stands in the engine's list of targets that wait for a place in `maxInFlight`. */
  atGate = false;
  /** Being served right now: a release inside a start must not serve it again from within. */
  pumping = false;
  /** Made for a host that no target names; may be forgotten when idle. */
  readonly byDefault: boolean;

  constructor(engine: Engine, name: string, rules: TargetRules, parts: { desk: Desk; health: TargetHealth; breaker: Breaker; serverClock: ServerClock; wake: Alarm; worth: WorthOrder | undefined }, byDefault: boolean) {
    const { desk, health, breaker, serverClock, wake } = parts;
    this.engine = engine;
    this.name = name;
    this.rules = rules;
    this.desk = desk;
    this.health = health;
    this.breaker = breaker;
    this.pauses = desk.pauses;
    this.serverClock = serverClock;
    this.wake = wake;
    this.worth = parts.worth;
    this.byDefault = byDefault;
  }

  /** An attempt of this cost is on its way. */
  sent(cost: RequestCost): void {
    this.history?.record(cost);
    const { rule } = cost;
    if (rule === undefined || !rule.warn || this.#warned.has(rule)) return;
    this.#warned.add(rule);
    this.engine.warn(`${this.name} has no weight for ${rule.endpoint}; it is counted as ${cost.weight}.`, { target: this.name, endpoint: rule.endpoint, weight: cost.weight });
  }

  /** A connection waits because `backendLimit` is taken up: said once for each limit. */
  sayFull(): void {
    const { backendLimit } = this.rules;
    if (this.#saidFull === backendLimit) return;
    this.#saidFull = backendLimit;
    this.engine.warn(`${this.name} allows ${backendLimit} at once (backendLimit), and all of them are taken; a further shared lease waits.`, { target: this.name, backendLimit });
  }

  get quota(): Quota | undefined {
    return this.desk.quota;
  }

  /** Waiting requests, with and without a place. */
  get waiting(): number {
    return this.line.size + this.lots.size + this.outside.size;
  }

  get nobodyWaits(): boolean {
    return this.line.size === 0 && this.lots.size === 0 && this.outside.size === 0;
  }

  /** Somebody waits who may be served when something changes. */
  get hasWaiting(): boolean {
    return this.line.size > 0 || this.lots.size > 0;
  }

  judge(info: ResponseInfo, request: RequestInfo, exitIndex: number): Verdict {
    const { classify } = this.rules;
    if (classify !== undefined) {
      const said = classify.judge(readable(info), request);
      if (said !== undefined) return verdictOf(said);
    }
    return this.judgeByDefault(info, request, exitIndex);
  }

  judgeByDefault(info: ResponseInfo, request: RequestInfo, exitIndex: number): Verdict {
    return { kind: defaultVerdict(info, request.method, this.engine.table.exits[exitIndex]?.kind ?? "direct") };
  }

  /** How much of a body has to be seen before its answer can be judged. */
  peekFor(exitIndex: number, raced: boolean, status: number | undefined): "none" | "first" | "full" {
    const { classify } = this.rules;
    if (status !== undefined && classify?.bodyAt !== undefined) {
      const wanted = classify.bodyAt(status);
      return wanted === "none" && (raced || (classify.body === undefined && this.engine.table.isProxy[exitIndex])) ? "first" : wanted;
    }
    const body = this.rules.classify?.body ?? (this.engine.table.isProxy[exitIndex] ? "first" : "none");
    return body === "none" && raced ? "first" : body;
  }
}
