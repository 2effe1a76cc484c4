import type { Counter, Ledger, LimitScope, Reservation } from "../../model/limits.ts";
import { counterKey, pauseKey } from "../../quota/counter-key.ts";
import type { Demand } from "../../quota/demand.ts";
import type { QuotaLimit } from "../../quota/limit.ts";
import type { ServerClock } from "../../time/server-clock.ts";
import type { ExitTable } from "../../exits/exit-table.ts";
import type { Clock } from "../../time/clock.ts";
import type { TimerQueue } from "../../time/timer-queue.ts";
import { KeptGrants } from "./kept-grants.ts";

/** What a lease holds in the ledger. */
export interface Grant {
  readonly token: unknown;
  readonly counters: readonly Counter[];
}

/** A target as far as its counters go. */
export interface Counted {
  readonly name: string;
  readonly serverClock: ServerClock;
}

/** What the ledger said; `undefined`: it failed. */
export type LedgerAnswer = Reservation | undefined;

/** At the end of a pool its ledger has so long to bring what it was asked for, and again to close: nobody waits for a lost store for ever. */
const CLOSING_MS = 1_000;
/** Nothing that a ledger refuses is kept back for longer: no server bans for more than three days. */
const LONGEST_MS = 259_200_000;
/** At least so long: a ledger that says "now" and means "no" must not be asked for ever at one moment. */
const SHORTEST_MS = 5;

/** After a call that failed nobody asks again for so long: what is unknown counts as spent. */
export const FAULT_MS = 500;

/** Speaks with the user's ledger. Whatever it throws, rejects with or answers, nothing of it gets further than here. */
export class Bookkeeper {
  /** Calls that threw, rejected, or answered what no ledger may. */
  faults = 0;
  /** For those who do not wait. */
  readonly grants: KeptGrants;
  readonly #ledger: Ledger;
  readonly #table: ExitTable;
  readonly #clock: Clock;
  readonly #host: { warn: (message: string, fields: object) => void };
  /** What is being asked for, and how to give it up. */
  readonly #open = new Map<Promise<void>, AbortController>();
  #warned = false;

  constructor(ledger: Ledger, parts: { table: ExitTable; clock: Clock; timers: TimerQueue; warn: (message: string, fields: object) => void }) {
    this.#ledger = ledger;
    this.#table = parts.table;
    this.#clock = parts.clock;
    this.#host = parts;
    this.grants = new KeptGrants(this, parts.timers, parts.clock);
  }

  /** Every counter that the demand moves on that exit, in the order of its limits. */
  countersOf(target: Counted, limits: readonly QuotaLimit[], demand: Demand, egress: number): Counter[] {
    return demand.limits.map((index, i) => this.counterOf(target, limits[index], egress, demand.account, demand.keys[i], demand.units[i]));
  }

  counterOf(target: Counted, limit: QuotaLimit, egress: number, account: string | undefined, key: string | undefined, units: number): Counter {
    const { name, scope, align, meter } = limit;
    const counter: Counter = { key: counterKey(target.name, name, scope, this.#table.egressKey(egress), account, key), units, limit: meter.limit, perMs: meter.perMs, align };
    if (align !== "fixed") return counter;
    const now = this.#clock.now();
    const { serverClock } = target;
    // Known worse than by a whole window, it says nothing.
    if (serverClock.uncertainMs(now) < meter.perMs) {
      counter.serverFromMs = serverClock.earliest(now);
      counter.serverToMs = serverClock.latest(now);
    }
    return counter;
  }

  tryReserve(counters: Counter[], now: number): LedgerAnswer | "unknown" {
    try {
      const answer = this.#ledger.tryReserve(counters, now);
      return answer === "unknown" ? answer : this.#checked(answer);
    } catch (error) {
      this.#failed("tryReserve", error);
      return undefined;
    }
  }

  /** @param heard called once, in a later turn; also with a reservation that comes although it was given up: it has to be given back */
  reserve(counters: Counter[], giveUp: AbortController, heard: (answer: LedgerAnswer) => void): void {
    const asked = this.#reserve(counters, giveUp.signal).then(heard);
    this.#open.set(asked, giveUp);
    void asked.finally(() => this.#open.delete(asked));
  }

  /** What was really counted, in the order of the counters. */
  settle({ token }: Grant, units: number[], answered = false): void {
    this.#tell("settle", () => this.#ledger.settle(token, units, answered));
  }

  /** Nothing was sent. */
  giveBack(grant: Grant): void {
    this.settle(grant, grant.counters.map(() => 0));
  }

  observe(counter: Counter, used: number): void {
    this.#tell("observe", () => this.#ledger.observe(counter, used));
  }

  /** Of everything that an exit, an account, or the target counts. */
  pauseAll(target: string, scope: LimitScope, egress: number, account: string | undefined, until: number, reason: "rate-limited" | "banned"): void {
    this.pause(pauseKey(target, scope, this.#table.egressKey(egress), account), until, reason);
  }

  pause(key: string, until: number, reason: "rate-limited" | "banned"): void {
    this.#tell("pause", () => this.#ledger.pause(key, this.#clock.wallTime() + (until - this.#clock.now()), reason));
  }

  /** After everything else: what is still asked for is given up, and what comes of it given back, before the ledger is closed. */
  async close(): Promise<void> {
    this.grants.close();
    for (const giveUp of this.#open.values()) giveUp.abort();
    if (this.#open.size > 0) await this.#within(Promise.all(this.#open.keys()));
    try {
      await this.#within(this.#ledger.close());
    } catch (error) {
      this.#failed("close", error);
    }
  }

  /** Resolves in any case after a while. */
  #within(promise: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(resolve, CLOSING_MS);
      Promise.resolve(promise).then(() => resolve(), reject).finally(() => this.#clock.clearTimeout(timer));
    });
  }

  async #reserve(counters: Counter[], signal: AbortSignal): Promise<LedgerAnswer> {
    try {
      return this.#checked(await this.#ledger.reserve(counters, signal));
    } catch (error) {
      if (!signal.aborted) this.#failed("reserve", error);
      return undefined;
    }
  }

  /** It has not answered for so long. */
  late(ms: number): void {
    this.#failed("reserve", new Error(`No answer within ${ms} ms.`));
  }

  #checked(answer: Reservation): LedgerAnswer {
    if (answer?.ok === true) return answer;
    if (answer?.ok !== false) {
      this.#failed("reserve", new TypeError(`Expected a reservation with \`ok\`, got \`${String(answer)}\`.`));
      return undefined;
    }
    const { retryAfterMs } = answer;
    // What cannot be read means "later", never "now" or "never".
    const known = typeof retryAfterMs === "number" && !Number.isNaN(retryAfterMs) ? retryAfterMs : FAULT_MS;
    return { ok: false, limit: String(answer.limit), retryAfterMs: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, known)) };
  }

  #tell(call: string, tell: () => unknown): void {
    try {
      const answer = tell();
      // Declared to return nothing; an async function that rejects would end the process.
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#failed(call, error));
    } catch (error) {
      this.#failed(call, error);
    }
  }

  #failed(call: string, error: unknown): void {
    this.faults++;
    if (this.#warned) return;
    this.#warned = true;
    this.#host.warn(`The ledger failed in ${call}; what it cannot say counts as spent, so requests wait. Further failures are only counted.`, { call, error });
  }
}
