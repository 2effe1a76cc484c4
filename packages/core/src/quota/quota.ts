import type { ServerClock } from "../time/server-clock.ts";
import type { Limit } from "../model/limits.ts";
import type { Feedback, ResponseInfo } from "../model/response.ts";
import type { RequestInfo } from "../model/request.ts";
import { Demand, type Cost, type Reserved } from "./demand.ts";
import { QuotaLimit } from "./limit.ts";
import type { Outcome } from "./meter.ts";
import { parseUsed } from "./used-headers.ts";

const NO_REPORT: readonly never[] = [];
const IMPLIED: ReadonlySet<string> = new Set(["weight", "request", "order", "connection"]);

/**
 * All limits of one target. Reserves every window or none, before sending; learns from answers what the server has counted.
 *
 * Exits appear here as egress indices: what the target sees. Exits that share one share its counters.
 */
export class Quota {
  /** Only ever grows, so that indices in demands stay true; a limit that is no longer wanted is switched off. */
  readonly limits: QuotaLimit[] = [];
  readonly #clock: ServerClock;
  readonly #byName = new Map<string, number>();
  #feedback: Feedback | undefined;
  /** The limits that a request counts on by what it is, without being named in a charge. */
  #implied: readonly number[] = [];
  #patienceMs = Infinity;

  constructor(limits: readonly Limit[], clock: ServerClock, feedback: Feedback | undefined) {
    this.#clock = clock;
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
        this.limits.push(new QuotaLimit(limit, this.#clock, only));
      }
    }
    this.#implied = [...this.#byName.values()].filter((index) => IMPLIED.has(this.limits[index].unit));
    const draining = this.current.filter((limit) => limit.align !== "fixed").map((limit) => limit.meter.perMs);
    this.#patienceMs = draining.length === 0 ? Infinity : Math.max(...draining);
  }

  /**
   * How long a heavy request lets lighter ones pass. A fixed window turns for all at once, and the head of the line is served
   * first then; what drains bit by bit would always be taken by the light ones.
   */
  get patienceMs(): number {
    return this.#patienceMs;
  }

  /** The limits in force, by name. */
  get current(): readonly QuotaLimit[] {
    return [...this.#byName.values()].map((index) => this.limits[index]);
  }

  indexOf(name: string): number | undefined {
    return this.#byName.get(name);
  }

  /** @param shared a long-lived connection: counts on limits of unit "connection" */
  demand(cost: Cost, account: string | undefined, shared: boolean): Demand {
    const demand = new Demand();
    demand.account = account;
    demand.weight = cost.weight;
    if (cost.settleOnSuccess !== undefined) demand.weightOnSuccess = cost.settleOnSuccess.weight;
    for (const index of this.#implied) {
      const limit = this.limits[index];
      // Nobody's account: there is none whose limit it could touch.
      if (limit.scope === "account" && account === undefined) continue;
      const units = limit.unit === "weight" ? cost.weight : limit.unit === "request" ? 1 : limit.unit === "order" ? cost.orders : shared ? 1 : 0;
      if (units > 0) demand.add(index, units, undefined);
    }
    for (const charge of cost.charges ?? NO_REPORT) {
      const index = this.#byName.get(charge.limit);
      if (index === undefined || charge.units <= 0) continue;
      if (this.limits[index].scope === "account" && account === undefined) continue;
      const same = demand.limits.findIndex((limit, i) => limit === index && demand.keys[i] === charge.key);
      if (same >= 0) demand.units[same] = charge.units;
      else demand.add(index, charge.units, charge.key);
    }
    return demand;
  }

  /** The limit that this demand could never fit in, even when nothing else is sent. */
  impossible(demand: Demand): QuotaLimit | undefined {
    for (let i = 0; i < demand.limits.length; i++) {
      const limit = this.limits[demand.limits[i]];
      if (demand.units[i] > limit.meter.limit) return limit;
    }
    return undefined;
  }

  /** Position in the demand of the first limit that has no room, or -1. */
  shortOf(demand: Demand, egress: number, now: number): number {
    const { limits, units, keys, account } = demand;
    for (let i = 0; i < limits.length; i++) {
      const limit = this.limits[limits[i]];
      if (limit.room(limit.rowOf(egress, account, keys[i], now), now) < units[i]) return i;
    }
    return -1;
  }

  /** When all of the demand would fit, as far as can be known now. */
  freeAt(demand: Demand, egress: number, now: number): number {
    let at = now;
    for (let i = 0; i < demand.limits.length; i++) {
      const limit = this.limits[demand.limits[i]];
      const free = limit.freeAt(limit.rowOf(egress, demand.account, demand.keys[i], now), now, demand.units[i]);
      if (free > at) at = free;
    }
    return at;
  }

  /** Takes all of it. The caller has asked `shortOf` at the same `now`. */
  take(demand: Demand, egress: number, now: number): Reserved {
    const count = demand.limits.length;
    const rows = new Array<number>(count);
    const stamps = new Array<number>(count);
    for (let i = 0; i < count; i++) {
      const limit = this.limits[demand.limits[i]];
      rows[i] = limit.rowOf(egress, demand.account, demand.keys[i], now);
      stamps[i] = limit.meter.take(rows[i], now, demand.units[i]);
    }
    return { demand, rows, stamps, settled: false };
  }

  /** Nothing was sent: everything is given back. */
  refund(reserved: Reserved, outcome: Outcome): void {
    this.#settle(reserved, outcome, 0, undefined);
  }

  /** Given up without an answer: it may have been counted, so it stays. */
  strand(reserved: Reserved, outcome: Outcome): void {
    this.#settle(reserved, outcome, 1, undefined);
  }

  /** The head of the answer is here. True where units came back by it. */
  answered(reserved: Reserved, egress: number, info: ResponseInfo, request: RequestInfo, outcome: Outcome): boolean {
    const reported = this.#reports(reserved.demand, egress, info, request, outcome.now);
    const success = info.status >= 200 && info.status < 300;
    this.#settle(reserved, outcome, 1, success ? reserved.demand.weightOnSuccess : undefined, reported);
    for (const { limit, row, used } of reported) limit.meter.observe(row, used, { ...outcome, reported: true });
    return success && reserved.demand.weightOnSuccess !== undefined;
  }

  #settle(reserved: Reserved, outcome: Outcome, share: 0 | 1, weight: number | undefined, reported: readonly Report[] = NO_REPORT): void {
    if (reserved.settled) return;
    reserved.settled = true;
    const { demand, rows, stamps } = reserved;
    for (let i = 0; i < rows.length; i++) {
      const limit = this.limits[demand.limits[i]];
      const units = demand.units[i];
      const counted = share === 0 ? 0 : weight !== undefined && limit.unit === "weight" ? Math.min(weight, units) : units;
      outcome.reported = reported.some((report) => report.limit === limit && report.row === rows[i]);
      limit.meter.settle(rows[i], stamps[i], units, counted, outcome);
    }
  }

  #reports(demand: Demand, egress: number, info: ResponseInfo, request: RequestInfo, now: number): readonly Report[] {
    if (this.#feedback !== undefined) return this.#fromFeedback(this.#feedback(info, request), demand, egress, now);
    let reports: Report[] | undefined;
    for (const index of this.#implied) {
      const limit = this.limits[index];
      const used = readUsed(limit, info);
      if (used === undefined || (limit.scope === "account" && demand.account === undefined)) continue;
      (reports ??= []).push({ limit, row: limit.rowOf(egress, demand.account, undefined, now), used });
    }
    return reports ?? NO_REPORT;
  }

  #fromFeedback(said: ReturnType<Feedback>, demand: Demand, egress: number, now: number): readonly Report[] {
    const reports: Report[] = [];
    for (const { limit: name, used, key } of said) {
      const index = this.#byName.get(name);
      if (index === undefined || !Number.isFinite(used) || used < 0) continue;
      const limit = this.limits[index];
      if (used > limit.meter.limit * 10) continue;
      reports.push({ limit, row: limit.rowOf(egress, demand.account, key, now), used });
    }
    return reports;
  }

  get clock(): ServerClock {
    return this.#clock;
  }
}

interface Report {
  limit: QuotaLimit;
  row: number;
  used: number;
}

/** What a header says of a limit. The name that this server was seen to use is asked first, and alone while it goes on answering. */
function readUsed(limit: QuotaLimit, info: ResponseInfo): number | undefined {
  if (limit.usedHeader !== undefined) {
    const used = parseUsed(info.header(limit.usedHeader), limit.meter.limit);
    if (used !== undefined) return used;
  }
  for (const name of limit.usedHeaders) {
    if (name === limit.usedHeader) continue;
    const used = parseUsed(info.header(name), limit.meter.limit);
    if (used === undefined) continue;
    limit.usedHeader = name;
    return used;
  }
  return undefined;
}
