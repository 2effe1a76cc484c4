import type { ExitTable } from "../exits/exit-table.ts";
import { Breaker } from "../breaker/breaker.ts";
import { DEFAULT_BREAKER, type BreakerRules } from "../breaker/state.ts";
import { commonFamily } from "../exits/family.ts";
import type { TargetHealth } from "../health/target-health.ts";
import { Desk } from "../lease/desk.ts";
import type { DeskRules, Rests } from "../lease/desk-rules.ts";
import { InTurn } from "../lease/in-turn.ts";
import type { Order } from "../lease/order.ts";
import { RandomOrder } from "../lease/random-order.ts";
import { Rotate } from "../lease/rotate.ts";
import { ScoreOrder } from "../lease/score-order.ts";
import { WorthOrder } from "../lease/worth-order.ts";
import type { Limit } from "../model/limits.ts";
import type { ExitPoolOptions, ExitsOptions, TargetOptions } from "../model/options.ts";
import type { RequestInfo } from "../model/request.ts";
import { Pauses, type PauseRules } from "../quota/pauses.ts";
import { Quota } from "../quota/quota.ts";
import { durationMs, parseDuration } from "../time/duration.ts";
import { ServerClock } from "../time/server-clock.ts";
import { Alarm } from "../time/timer-queue.ts";
import { compileTable, fixedWeight, WeightHistory, type Calculator, type WeightFunction } from "../weights/index.ts";
import { MOST_LEGS } from "./adaptive/budget.ts";
import { AdaptivePolicy } from "./adaptive/policy.ts";
import { reportUsed } from "./ledger/books.ts";
import type { Engine } from "./engine.ts";
import { connectCost } from "./connect-cost.ts";
import { hostName, hostOf, HostPatterns } from "./hosts.ts";
import { ShownTargets } from "./seen/shown-targets.ts";
import { watchQuota } from "./watch-quota.ts";
import { weighAnew } from "./weigh.ts";
import { Target, type TargetRules } from "./target.ts";

/** Hosts without a target of their own are remembered up to this number; idle ones are forgotten first. */
const MOST_BY_DEFAULT = 1_000;
/** Fewer with many exits: each costs some 20 bytes at each target. */
const MOST_PLACES = 4_000_000;
/** Multiples of it, without their whole part, are spread evenly however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Without `attemptTimeout` worth is judged as if attempts took a minute at most: all exits alike. */
const LONGEST_MS = 60_000;
/** Spellings of hosts whose target is remembered. */
const MOST_SPELLINGS = 4_096;

/** The targets of a pool, by name and by host. */
export class Targets {
  readonly #engine: Engine;
  readonly #table: ExitTable;
  readonly #random: () => number;
  #options: ExitPoolOptions;
  #pauseRules: PauseRules;
  readonly #byName = new Map<string, Target>();
  readonly #weighing = new Map<Target, { weights: TargetOptions["weights"]; calculator: Calculator }>();
  readonly #patterns = new HostPatterns<Target>();
  readonly #spellings = new Map<string, Target>();
  #byDefault = 0;
  /** Targets so far. */
  #made = 0;
  readonly #shown: ShownTargets;
  /** Told of each target that is made later: something may be remembered of it. */
  onMade: ((target: Target) => void) | undefined;

  constructor(engine: Engine, table: ExitTable, options: ExitPoolOptions, random: () => number) {
    this.#engine = engine;
    this.#shown = new ShownTargets(engine.othersTally);
    this.#table = table;
    this.#options = options;
    this.#random = random;
    this.#pauseRules = pauseRules(options);
    this.#choosePolicy();
    for (const [name, rules] of Object.entries(options.targets ?? {})) {
      const target = this.#make(name, rules, false);
      for (const host of [rules.hosts ?? name].flat()) this.#patterns.add(host, target);
    }
  }

  [Symbol.iterator](): IterableIterator<Target> {
    return this.#byName.values();
  }

  get(name: string): Target | undefined {
    return this.#byName.get(name);
  }

  calculatorOf(target: Target): Calculator {
    return (this.#weighing.get(target) as { calculator: Calculator }).calculator;
  }

  /** The target that a request belongs to. @throws TypeError where its URL is not absolute */
  of(request: RequestInfo, named: string | undefined): Target {
    if (named !== undefined) {
      const target = this.#byName.get(named);
      if (target === undefined) throw new TypeError(`Expected \`hints.target\` to name one of the pool's targets, got \`${named}\`.`);
      return target;
    }
    const host = request.host ?? hostOf(request);
    return this.#spellings.get(host) ?? this.#find(host);
  }

  /** New options hold from now on; what has been counted and who is banned stays. */
  update(options: ExitPoolOptions): void {
    this.#options = options;
    this.#pauseRules = pauseRules(options);
    this.#choosePolicy();
    for (const target of this.#byName.values()) {
      const rules = options.targets?.[target.name] ?? options.defaults ?? {};
      // What a calculator has learnt of weights stays with it while its table does.
      const known = this.#weighing.get(target);
      const calculator = known !== undefined && known.weights === rules.weights ? known.calculator : calculatorFor(rules);
      this.#weighing.set(target, { weights: rules.weights, calculator });
      target.rules = this.#rulesOf(rules, calculator);
      target.pauses.rules = this.#pauseRules;
      target.breaker.rules = breakerRules(rules);
      target.desk.rules = this.#deskRules(target.name, rules);
      this.#updateQuota(target, rules, calculator);
      weighAnew(target);
      target.desk.reconsider();
      target.lots.stirAll(false);
    }
    for (const [name, rules] of Object.entries(options.targets ?? {})) {
      const target = this.#byName.get(name) ?? this.#make(name, rules, false);
      for (const host of [rules.hosts ?? name].flat()) this.#patterns.add(host, target);
    }
    this.#spellings.clear();
  }

  #updateQuota(target: Target, rules: TargetOptions, calculator: Calculator): void {
    const limits = limitsOf(rules, calculator);
    if (target.desk.quota !== undefined) target.desk.quota.update(limits, rules.feedback);
    else if (limits.length > 0) target.desk.quota = this.#quotaOf(target, limits, rules);
  }

  #quotaOf(target: Target, limits: readonly Limit[], rules: TargetOptions): Quota {
    const { books } = this.#engine;
    const quota = new Quota(limits, target.serverClock, rules.feedback, books !== undefined);
    if (books !== undefined) reportUsed(books, target, quota);
    watchQuota(target, quota, typeof rules.weights === "object", this.#options.alerts ?? {});
    return quota;
  }

  #find(spelling: string): Target {
    const host = hostName(spelling);
    const target = this.#patterns.find(spelling.toLowerCase(), host) ?? this.#byName.get(host) ?? this.#make(host, this.#options.defaults ?? {}, true);
    if (this.#spellings.size >= MOST_SPELLINGS) this.#spellings.clear();
    this.#spellings.set(spelling, target);
    return target;
  }

  #make(name: string, rules: TargetOptions, byDefault: boolean): Target {
    if (byDefault && ++this.#byDefault > Math.max(50, Math.min(MOST_BY_DEFAULT, MOST_PLACES / (this.#table.length + 1)))) this.#forgetIdle();
    const { clock } = this.#engine;
    const offset = rules.serverOffset;
    const serverClock = new ServerClock(offset === undefined ? undefined : { offsetMs: signedMs(offset), wallTime: clock.wallTime(), now: clock.now() });
    const calculator = calculatorFor(rules);
    const limits = limitsOf(rules, calculator);
    const health = this.#engine.health.target();
    const order = this.#orderOf(health);
    const worth = order instanceof WorthOrder ? order : undefined;
    const desk = new Desk(this.#table, order, worth === undefined ? health : restsBeside(worth, health), undefined, new Pauses(this.#pauseRules), this.#deskRules(name, rules), this.#firstExit());
    if (worth !== undefined) worth.onBetter = (exit) => desk.rescored(exit, true);
    const wake = new Alarm(() => this.#engine.wake(target));
    const target: Target = new Target(this.#engine, name, this.#rulesOf(rules, calculator), { desk, health, breaker: new Breaker(breakerRules(rules)), serverClock, wake, worth }, byDefault);
    this.#byName.set(name, target);
    target.strategy = this.#strategy;
    this.#shown.made(target);
    this.#weighing.set(target, { weights: rules.weights, calculator });
    if (rules.weights !== undefined) target.history = new WeightHistory({ heavyWeight: calculator.heavyWeight });
    if (limits.length > 0) desk.quota = this.#quotaOf(target, limits, rules);
    this.onMade?.(target);
    return target;
  }

  /** A pool that leaves by own addresses too is treated as one of own addresses: they are what its limits are about. */
  get #onlyProxies(): boolean {
    const { exits = {} } = this.#options;
    const named = (exits.proxies ?? []).length > 0 || (exits.sources ?? []).length > 0;
    return named && (exits.local === undefined || exits.local === false || exits.local.length === 0);
  }

  get #strategy(): NonNullable<ExitsOptions["strategy"]> {
    return this.#options.exits?.strategy ?? (this.#onlyProxies ? "adaptive" : "rotate");
  }

  /** What is believed stays useful: a pool that has begun to learn goes on. */
  #choosePolicy(): void {
    const engine = this.#engine;
    if (engine.policy instanceof AdaptivePolicy) return;
    const { defaults = {}, targets = {} } = this.#options;
    const races = [defaults, ...Object.values(targets)].some(({ race }) => (race?.mode ?? (this.#onlyProxies ? "adaptive" : "off")) === "adaptive");
    if (races || this.#strategy === "adaptive") engine.policy = new AdaptivePolicy(engine, this.#random);
  }

  /** The order is chosen by what the exits are, once: a pool of local addresses rotates. */
  #orderOf(health: TargetHealth): Order {
    switch (this.#strategy) {
      case "adaptive":
        this.#engine.policy.moment(this.#engine.clock.now());
        return new WorthOrder(health.beliefs, this.#engine.health.beliefs.changes, Math.log(Math.min(LONGEST_MS, this.#engine.rules.proxyAttemptTimeoutMs)), this.#table.length);
      case "score":
        return new ScoreOrder(health, this.#engine.health.records.changes, this.#random, { exits: this.#table.length });
      case "random":
        return new RandomOrder(this.#random);
      case "failover":
        return new InTurn();
      default:
        return new Rotate();
    }
  }

  /**
   * Unknown exits are tried out in the order in which they came. Where each target begins elsewhere, no dead one is found out
   * about three times at once, and what one target learns comes before the others get there.
   */
  #firstExit(): number {
    return this.#strategy === "score" ? Math.floor(((this.#made++ * GOLDEN) % 1) * this.#table.length) : 0;
  }

  #deskRules(name: string, rules: TargetOptions): DeskRules {
    const given = rules.spacing === undefined ? undefined : durationMs(rules.spacing);
    return { spacingMs: given ?? 0, proxySpacingMs: given ?? 500, perExitInFlight: this.#options.perExitInFlight ?? Infinity, family: commonFamily([rules.hosts ?? name].flat().map(hostName)) };
  }

  #rulesOf(rules: TargetOptions, calculator: Calculator): TargetRules {
    const race = rules.race ?? {};
    const raceMode = race.mode ?? (this.#onlyProxies ? "adaptive" : "off");
    return {
      classify: rules.classify,
      raceMode,
      raceWidth: race.width ?? (raceMode === "adaptive" ? MOST_LEGS : 3),
      raceMethods: new Set((race.methods ?? ["GET", "HEAD", "OPTIONS"]).map((method) => method.toUpperCase())),
      hedgeDelayMs: typeof race.delay === "number" || (typeof race.delay === "string" && race.delay !== "p95") ? durationMs(race.delay) : undefined,
      raceBodies: race.methods !== undefined,
      backendLimit: rules.backendLimit ?? Infinity,
      onBan: rules.onBan ?? "rotate",
      connectCost: typeof rules.weights === "object" ? connectCost(calculator) : undefined,
      cost: rules.weights === undefined ? undefined : (request) => calculator.cost(request.method, request.path ?? pathOf(request), request.body, request.headers, request),
      account: rules.account ?? (calculator.account === undefined ? undefined : (request) => calculator.account?.(request.headers)),
    };
  }

  #forgetIdle(): void {
    const now = this.#engine.clock.now();
    for (const target of this.#byName.values()) {
      if (!target.byDefault || target.inFlight > 0 || target.waiting > 0 || target.pauses.wholeUntil > now || !target.pauses.entries(now).next().done) continue;
      this.#engine.health.drop(target.health);
      this.#byName.delete(target.name);
      this.#shown.forgotten(target, this.#byName.values());
      this.#weighing.delete(target);
      this.#byDefault--;
      for (const [spelling, known] of this.#spellings) if (known === target) this.#spellings.delete(spelling);
      return;
    }
  }
}

/** What is worth an attempt is not kept from it by rests, which are the other policy's; of what is not, they say when to think of it again. */
function restsBeside(worth: WorthOrder, health: TargetHealth): Rests {
  return {
    isCalm: (exit) => worth.has(exit) || health.isCalm(exit),
    restsUntil: (exit) => (worth.has(exit) ? 0 : health.restsUntil(exit)),
    trialOut: (exit) => !worth.has(exit) && health.trialOut(exit),
    out: (exit) => health.out(exit),
  };
}

function breakerRules({ breaker = {} }: TargetOptions): BreakerRules {
  return { threshold: breaker.threshold ?? DEFAULT_BREAKER.threshold, probeEveryMs: durationMs(breaker.probeEvery ?? DEFAULT_BREAKER.probeEveryMs) };
}

export function calculatorFor(rules: TargetOptions): Calculator {
  const { weights } = rules;
  if (weights === undefined) return fixedWeight(1);
  return typeof weights === "function" ? fixedWeight(weights as WeightFunction) : compileTable(weights);
}

function limitsOf(rules: TargetOptions, calculator: Calculator): TargetOptions["limits"] & object {
  return rules.limits ?? [...calculator.limits];
}

export function pathOf(request: RequestInfo): string {
  const url = typeof request.url === "string" ? new URL(request.url) : request.url;
  return url.pathname + url.search;
}

function signedMs(value: number | string): number {
  if (typeof value === "number") return value;
  return value.startsWith("-") ? -(parseDuration(value.slice(1)) ?? 0) : (parseDuration(value) ?? 0);
}

export function pauseRules({ backoff = {} }: ExitPoolOptions): PauseRules {
  return {
    rateLimitedMs: durationMs(backoff.rateLimited ?? "500ms"),
    timeoutMs: durationMs(backoff.timeout ?? "250ms"),
    maxMs: durationMs(backoff.max ?? "1h"),
    banMinMs: durationMs(backoff.banMin ?? "120s"),
    banMaxMs: durationMs(backoff.banMax ?? "3d"),
  };
}
