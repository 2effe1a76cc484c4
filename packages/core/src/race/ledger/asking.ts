import type { Counter } from "../../model/limits.ts";
import { Alarm } from "../../time/timer-queue.ts";
import { FAULT_MS, type Bookkeeper, type Grant, type LedgerAnswer } from "./bookkeeper.ts";
import { choose } from "../choosing.ts";
import { asksBreaker, isShut, notSent } from "../circuit.ts";
import type { Job } from "../job.ts";
import { lends } from "../lending.ts";
import type { Leg } from "../leg.ts";

/** So many requests of one target ask a ledger at one time: a slow store is not buried, and whoever walks the line passes few of them. */
const MOST_ASKING = 256;
/** So many exits that a ledger refuses one after another are enough for one turn. */
const MOST_REFUSED = 64;
/** A ledger that has not answered by then has failed. */
const PATIENCE_MS = 5_000;

/**
 * The ledger's word on what the local checks chose: the same exit, another one where it refuses, or -1 where it refuses all of
 * them, or can say only later. Then the exit is held for the request, which stays where it stands.
 */
export function confirm(books: Bookkeeper, job: Job, first: number, now: number): number {
  const { demand, engine, target } = job;
  const { desk, quota } = target;
  if (demand === undefined || quota === undefined || demand.limits.length === 0 || lends(job)) return first;
  let exit = first;
  for (let refused = 0; exit >= 0; refused++) {
    if (target.asking >= MOST_ASKING || refused >= MOST_REFUSED) {
      notSent(job);
      desk.wakeAt = refused >= MOST_REFUSED ? now + 1 : Infinity;
      return -1;
    }
    const counters = books.countersOf(target, quota.limits, demand, engine.table.egress[exit]);
    const answer = (job.way.atOnce ? books.grants.take(counters) : undefined) ?? books.tryReserve(counters, now);
    if (answer === "unknown") {
      desk.wakeAt = Infinity;
      if (!job.way.atOnce) {
        job.ask = new Ask(books, job, exit, counters, now);
      } else {
        job.pending = true;
        books.grants.ask(counters);
      }
      return -1;
    }
    if (answer?.ok === true) {
      job.grant = { token: answer.token, counters };
      return exit;
    }
    turnAway(job, exit, counters, answer, now);
    notSent(job);
    exit = choose(job, now);
  }
  return -1;
}

/** Nobody asks again for as much of what was refused, until the ledger says that it may be there. */
function turnAway({ demand, engine, target }: Job, exit: number, counters: readonly Counter[], answer: LedgerAnswer, now: number): void {
  const { quota } = target;
  if (demand === undefined || quota === undefined) return;
  const until = now + (answer?.ok === false ? answer.retryAfterMs : FAULT_MS);
  // Named by its key or by the limit's name; where it is neither, or the ledger failed, anything may be full.
  const named = answer?.ok === false ? counters.findIndex(({ key }, i) => key === answer.limit || quota.limits[demand.limits[i]].name === answer.limit) : -1;
  for (let i = 0; i < counters.length; i++) {
    if (named >= 0 && i !== named) continue;
    const limit = quota.limits[demand.limits[i]];
    limit.turnedAway?.add(limit.rowOf(engine.table.egress[exit], demand.account, demand.keys[i], now), demand.units[i], until, now);
  }
}

/** A request that waits for the ledger's word, with an exit and everything that it costs held for it. */
export class Ask {
  readonly #books: Bookkeeper;
  readonly #job: Job;
  readonly #exit: number;
  readonly #counters: Counter[];
  readonly #leg: Leg;
  readonly #giveUp = new AbortController();
  readonly #late: Alarm;
  #over = false;

  constructor(books: Bookkeeper, job: Job, exit: number, counters: Counter[], now: number) {
    this.#books = books;
    this.#job = job;
    this.#exit = exit;
    this.#counters = counters;
    const { engine, target } = job;
    this.#leg = engine.leases.hold(job, exit, now, true);
    target.asking++;
    this.#late = new Alarm(() => this.#isLate());
    engine.timers.add(this.#late, now, PATIENCE_MS);
    books.reserve(counters, this.#giveUp, (answer) => this.#heard(answer));
  }

  /** The request waits no longer. Call it when it stands in no line any more: others are served with what it held. */
  drop(): void {
    if (this.#over) return;
    this.#end();
    this.#giveUp.abort();
    this.#job.engine.finish(this.#leg, "aborted", false);
  }

  #heard(answer: LedgerAnswer): void {
    if (this.#over) {
      if (answer?.ok === true) this.#books.giveBack({ token: answer.token, counters: this.#counters });
      return;
    }
    this.#end();
    const { engine, target } = this.#job;
    const now = engine.clock.now();
    if (answer?.ok !== true) {
      this.#refused(answer, now);
      return;
    }
    const grant: Grant = { token: answer.token, counters: this.#counters };
    if (!mayStillGo(this.#job, this.#leg, this.#exit, now)) {
      this.#books.giveBack(grant);
      notSent(this.#job);
      engine.finish(this.#leg, "aborted", false);
      return;
    }
    this.#leg.grant = grant;
    engine.go(this.#job, this.#leg, now);
    if (target.line.size + target.lots.size > target.asking && !target.atGate) engine.pump(target);
  }

  #isLate(): void {
    if (this.#over) return;
    this.#books.late(PATIENCE_MS);
    this.#end();
    this.#giveUp.abort();
    this.#refused(undefined, this.#job.engine.clock.now());
  }

  #refused(answer: LedgerAnswer, now: number): void {
    turnAway(this.#job, this.#exit, this.#counters, answer, now);
    notSent(this.#job);
    // Serves the line: this request stands in it as before, and others may take what it held.
    this.#job.engine.finish(this.#leg, "aborted", false);
  }

  #end(): void {
    this.#over = true;
    this.#job.ask = undefined;
    this.#job.target.asking--;
    this.#job.engine.timers.remove(this.#late);
  }
}

/** Meanwhile the exit may have been banned, have failed too often, or be named no longer. */
function mayStillGo(job: Job, leg: Leg, exit: number, now: number): boolean {
  const { demand, pin, probe, single, target, engine } = job;
  const { breaker, desk, health, pauses, quota } = target;
  if (Math.max(pauses.untilForAll(demand?.account), pauses.untilOf(engine.table.egress[exit]), desk.spacedUntil(exit)) > now) return false;
  if (pin < 0 && !engine.table.isUsable(exit)) return false;
  if (!probe && asksBreaker(job) && (single ? isShut(target, now) : !breaker.closed)) return false;
  if (pin < 0 && !probe && health.restsUntil(exit) > now) return false;
  return demand === undefined || quota === undefined || leg.reserved === undefined || leg.reserved.rows.every((row, i) => !quota.limits[demand.limits[i]].isPaused(row, now));
}
