import type { ServerClock } from "../time/server-clock.ts";
import type { Limit } from "../model/limits.ts";
import type { Feedback, ResponseInfo } from "../model/response.ts";
import type { RequestInfo } from "../model/request.ts";
import { Demand, type Cost, type Reserved } from "./demand.ts";
import type { FixedMeter } from "./fixed-meter.ts";
import { QuotaLimit } from "./limit.ts";
import { fillDemand } from "./make-demand.ts";
import type { Outcome } from "./meter.ts";
import { counterId, patienceOf } from "./needs.ts";
import { refuse } from "./refuse.ts";
import { Samples, type Sample } from "./samples.ts";
import { Strays } from "./strays.ts";
import { Thresholds } from "./thresholds.ts";
import { Trips } from "./trips.ts";

const IMPLIED: ReadonlySet<string> = new Set(["weight", "request", "order", "connection"]);

/**
 * All limits of one target. Reserves every window or none, before sending; learns from answers what the server has counted.
 *
 * Exits appear here as egress indices: what the target sees. Exits that share one share its counters.
 */
export class Quota {
  /** Only ever grows, so that indices in demands stay true; a limit that is no longer wanted is switched off. */
  readonly limits: QuotaLimit[] = [];
  /** Hears of what the user's feedback function throws. */
  onFault: ((error: unknown) => void) | undefined;
  /** Hears what answers say is used of a counter now, where a ledger wants to know. */
  onUsed: ((limit: QuotaLimit, egress: number, account: string | undefined, key: string | undefined, used: number) => void) | undefined;
  /** Hears of every counter that is not as it was for another reason than a request that was let in. */
  onMoved: ((counter: number) => void) | undefined;
  readonly #clock: ServerClock;
  readonly #shared: boolean;
  readonly #trips = new Trips();
  readonly #strays = new Strays();
  readonly #byName = new Map<string, number>();
  #feedback: Feedback | undefined;
  /** The limits that a request counts on by what it is, without being named in a charge. */
  #implied: readonly number[] = [];
  /** Of these, the ones that headers may speak of. */
  #told: readonly number[] = [];
  #patienceMs = Infinity;
  /** Some limit is not each exit's own. */
  #common = false;
  #samples: Samples | undefined;
  #thresholds: Thresholds | undefined;

  /** @param shared a ledger counts for this and other processes: what they spend is no stranger's */
  constructor(limits: readonly Limit[], clock: ServerClock, feedback: Feedback | undefined, shared = false) {
    this.#clock = clock;
    this.#shared = shared;
    this.update(limits, feedback);
  }

  /** What has been counted stays where a limit only changes its size; any other change starts it anew. */
  update(limits: readonly Limit[], feedback: Feedback | undefined): void {
    this.#feedback = feedback;
    const before = new Map(this.#byName);
    this.#byName.clear();
    for (const limit of limits) {
      const known = before.get(limit.name);
      const only = limits.filter((other) => other.unit === limit.unit).length === 1;
      if (known !== undefined && this.limits[known].resize(limit, only)) {
        this.#byName.set(limit.name, known);
      } else {
        this.#byName.set(limit.name, this.limits.length);
        this.limits.push(new QuotaLimit(limit, this.#clock, this.#trips, only, this.#shared));
      }
    }
    this.#implied = [...this.#byName.values()].filter((index) => IMPLIED.has(this.limits[index].unit));
    this.#told = this.#implied.filter((index) => this.limits[index].headers.names.length > 0);
    this.#common = this.current.some((limit) => limit.scope !== "exit");
    this.#patienceMs = Math.max(...this.current.filter((limit) => limit.scope === "exit").map(patienceOf).filter(Number.isFinite));
    if (this.#patienceMs === -Infinity) this.#patienceMs = Infinity;
  }

  /**
   * How long a request that is too heavy for every exit lets lighter ones pass. A fixed window turns for all at once, and the head of the line is served
   * first then; what drains bit by bit would always be taken by the light ones.
   */
  get patienceMs(): number {
    return this.#patienceMs;
  }

  /** The limits in force, by name. */
  get current(): readonly QuotaLimit[] {
    return [...this.#byName.values()].map((index) => this.limits[index]);
  }

  get clock(): ServerClock {
    return this.#clock;
  }

  indexOf(name: string): number | undefined {
    return this.#byName.get(name);
  }

  /** Hears of every pair of answers that shows what a single request has cost. */
  set onSample(listener: ((sample: Sample) => void) | undefined) {
    this.#samples = listener === undefined ? undefined : new Samples(listener);
  }

  /** Hears when a counter rises above one of the shares of its limit, once until it has fallen again. */
  watch(shares: readonly number[], onCrossing: ((limit: QuotaLimit, row: number, share: number, ratio: number, told: boolean) => void) | undefined): void {
    this.#thresholds = onCrossing === undefined ? undefined : new Thresholds(shares, (limit, row, share, ratio, told) => onCrossing(this.limits[limit], row, share, ratio, told));
  }

  /** @param shared a long-lived connection: counts on limits of unit "connection" */
  demand(cost: Cost, account: string | undefined, shared: boolean): Demand {
    const demand = new Demand();
    demand.account = account;
    demand.weight = cost.weight;
    if (cost.settleOnSuccess !== undefined) demand.weightOnSuccess = cost.settleOnSuccess.weight;
    fillDemand(demand, cost, shared, this.limits, this.#implied, this.#byName);
    if (this.#common) for (const index of demand.limits) if (this.limits[index].scope !== "exit") demand.common = true;
    return demand;
  }

  /** What was given up long enough ago has arrived by now, if ever. Before anything is asked of a meter that nobody reserves on. */
  catchUp(now: number): void {
    if (this.#strays.nextAt <= now) this.#arrive(now);
  }

  /** Which of the demand's limits has no room now; -1 when all have. */
  shortOf(demand: Demand, egress: number, now: number): number {
    this.catchUp(now);
    const { limits, units, keys, account, byHand, kept } = demand;
    for (let i = 0; i < limits.length; i++) {
      const limit = this.limits[limits[i]];
      if (!limit.fits(limit.rowOf(egress, account, keys[i], now), now, units[i], byHand, kept)) return i;
    }
    return -1;
  }

  /**
   * When all of the demand would fit, as far as can be known now.
   *
   * @param commonAlone only the limits that count whichever exit it leaves by
   */
  freeAt(demand: Demand, egress: number, now: number, commonAlone = false): number {
    let at = now;
    for (let i = 0; i < demand.limits.length; i++) {
      if (commonAlone && this.limits[demand.limits[i]].scope === "exit") continue;
      const limit = this.limits[demand.limits[i]];
      const free = limit.freeAt(limit.rowOf(egress, demand.account, demand.keys[i], now), now, demand.units[i], demand.kept);
      if (free > at) at = free;
    }
    // What was given up makes room, or at least makes known when there will be some.
    return at > now && this.#strays.nextAt < at ? Math.max(now, this.#strays.nextAt) : at;
  }

  /** Takes all of it. The caller has asked `shortOf` at the same `now`. */
  take(demand: Demand, egress: number, now: number): Reserved {
    const count = demand.limits.length;
    const rows = new Array<number>(count);
    const reserved: Reserved = { demand, rows, settled: false };
    for (let i = 0; i < count; i++) {
      const index = demand.limits[i];
      const limit = this.limits[index];
      const row = limit.rowOf(egress, demand.account, demand.keys[i], now);
      rows[i] = row;
      limit.take(row, now, demand.units[i], demand.byHand);
      if (this.#thresholds !== undefined) this.#thresholds.check(index, row, limit.meter.used(row, now) / limit.meter.limit, false);
      if (this.#samples !== undefined && limit.watched) this.#samples.taken(row, reserved);
    }
    return reserved;
  }

  /** Nothing was sent: everything is given back. */
  refund(reserved: Reserved, outcome: Outcome): void {
    if (reserved.settled) return;
    reserved.settled = true;
    const { demand, rows } = reserved;
    for (let i = 0; i < rows.length; i++) {
      this.limits[demand.limits[i]].refund(rows[i], demand.units[i], outcome, demand.byHand);
      this.#moved(demand.limits[i], rows[i]);
      if (this.#samples !== undefined) this.#sample(reserved, i, rows[i], undefined, false, outcome);
    }
  }

  /** Given up without an answer: it may arrive yet, and stays in flight until it no longer can; then it may have been counted. */
  strand(reserved: Reserved, outcome: Outcome): void {
    if (reserved.settled) return;
    reserved.settled = true;
    const { demand, rows } = reserved;
    this.#strays.add(reserved, outcome.sentAt, this.#trips.arrivedBy(outcome.sentAt, outcome.now));
    for (let i = 0; i < rows.length; i++) {
      this.limits[demand.limits[i]].heard(rows[i]);
      // From now on it can be said when there will be room.
      this.#moved(demand.limits[i], rows[i]);
    }
  }

  /** The head of the answer is here. True where it makes room, or somebody waited to hear it. */
  answered(reserved: Reserved, egress: number, info: ResponseInfo, request: RequestInfo, outcome: Outcome): boolean {
    if (reserved.settled) return false;
    reserved.settled = true;
    const { demand, rows } = reserved;
    this.#trips.learn(outcome.now - outcome.sentAt);
    const succeeded = info.status >= 200 && info.status < 300;
    let changed = false;
    if (this.#feedback !== undefined) {
      for (const { limit: name, used, key } of this.#fed(info, request)) {
        const index = this.#byName.get(name);
        if (index === undefined || !(used >= 0 && used <= this.limits[index].meter.limit * 10)) continue;
        changed = this.#hear(reserved, index, this.limits[index].rowOf(egress, demand.account, key, outcome.now), used, succeeded, outcome) || changed;
        if (this.onUsed !== undefined && this.limits[index].isNow(outcome)) this.onUsed(this.limits[index], egress, demand.account, key, used);
      }
    } else {
      for (const index of this.#told) {
        const limit = this.limits[index];
        if (limit.scope === "account" && demand.account === undefined) continue;
        const used = limit.headers.read(info, limit.meter.limit);
        if (used === undefined) continue;
        changed = this.#hear(reserved, index, limit.rowOf(egress, demand.account, undefined, outcome.now), used, succeeded, outcome) || changed;
        if (this.onUsed !== undefined && limit.isNow(outcome)) this.onUsed(limit, egress, demand.account, undefined, used);
      }
    }
    for (let i = 0; i < rows.length; i++) if (rows[i] >= 0) changed = this.#settle(reserved, i, succeeded, outcome, undefined) || changed;
    return changed;
  }

  /**
   * An answer refused a request, and named no limit. What it counted on is full until it turns where the answer did not say
   * how long to wait; and where hardly anything was used, something is not as we think.
   *
   * @param told the answer says how long to wait
   * @returns until when a counter is taken to be full; 0 where none is
   */
  refused(demand: Demand, egress: number, told: boolean, outcome: Outcome): number {
    return refuse(this.limits, demand, egress, told, outcome);
  }

  /** A function of the user's that throws is no reason to lose an answer. */
  #fed(info: ResponseInfo, request: RequestInfo): ReturnType<Feedback> {
    try {
      return this.#feedback?.(info, request) ?? [];
    } catch (error) {
      this.onFault?.(error);
      return [];
    }
  }

  #hear(reserved: Reserved, index: number, row: number, used: number, succeeded: boolean, outcome: Outcome): boolean {
    const { limits } = reserved.demand;
    let changed = false;
    let own = false;
    for (let i = 0; i < limits.length && !own; i++) {
      own = limits[i] === index && reserved.rows[i] === row;
      if (own) changed = this.#settle(reserved, i, succeeded, outcome, used);
    }
    const limit = this.limits[index];
    if (!own) {
      limit.observe(row, used, outcome);
      this.#moved(index, row);
    }
    if (this.#thresholds !== undefined) this.#thresholds.check(index, row, limit.meter.used(row, outcome.now) / limit.meter.limit, true);
    return changed;
  }

  /** What the server counts of one of its limits when the answer is there. */
  countedOf(demand: Demand, i: number, succeeded: boolean): number {
    const units = demand.units[i];
    return succeeded && demand.weightOnSuccess !== undefined && this.limits[demand.limits[i]].unit === "weight" ? Math.min(demand.weightOnSuccess, units) : units;
  }

  #settle(reserved: Reserved, i: number, succeeded: boolean, outcome: Outcome, used: number | undefined): boolean {
    const { demand, rows } = reserved;
    const limit = this.limits[demand.limits[i]];
    const units = demand.units[i];
    const counted = this.countedOf(demand, i, succeeded);
    const row = rows[i];
    rows[i] = -1;
    if (this.#samples !== undefined) this.#sample(reserved, i, row, used, succeeded, outcome);
    const more = limit.settle(row, units, counted, outcome, used, demand.byHand);
    this.#moved(demand.limits[i], row);
    return more;
  }

  #moved(index: number, row: number): void {
    if (this.onMoved !== undefined) this.onMoved(counterId(index, row));
  }

  #sample(reserved: Reserved, i: number, row: number, used: number | undefined, succeeded: boolean, outcome: Outcome): void {
    const limit = this.limits[reserved.demand.limits[i]];
    if (!limit.watched) return;
    const meter = limit.meter as FixedMeter;
    const window = meter.lastWindow(outcome);
    this.#samples?.settled(row, reserved, used, meter.firstWindow(outcome) === window ? window : NaN, outcome.now, limit.isShared(row), reserved.demand.units[i], succeeded);
  }

  #arrive(now: number): void {
    for (let stray = this.#strays.takeDue(now); stray !== undefined; stray = this.#strays.takeDue(now)) {
      const { reserved, sentAt, until } = stray;
      const outcome: Outcome = { now: until, sentAt, writtenAt: undefined, answered: false };
      for (let i = 0; i < reserved.rows.length; i++) this.#settle(reserved, i, false, outcome, undefined);
    }
  }
}
