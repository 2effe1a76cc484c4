import { EXIT_STATES, NO_LOAD, type ExitColumns, type LimitOverview } from "../../model/overview.ts";
import type { Exit } from "../../model/exit.ts";
import type { QuotaLimit } from "../../quota/limit.ts";
import type { Engine } from "../engine.ts";
import { namedCounters, USED_UP_AT } from "./named-counters.ts";
import type { Target } from "../target.ts";

const ACTIVE = EXIT_STATES.indexOf("active");
const WARNING = EXIT_STATES.indexOf("warning");
const COOLDOWN = EXIT_STATES.indexOf("cooldown");
const BANNED = EXIT_STATES.indexOf("banned");
const DEAD = EXIT_STATES.indexOf("dead");

/** Share of a limit at which an exit counts as warned. */
const WARNING_AT = 0.8;
/** Half a percent each. */
const LOAD_STEPS = 200;
/**
 * Counters that one overview reads at most, some 10 ms: each exit of the first limits, then only those that were used at the
 * target, then an even choice of them.
 */
const MOST_READ = 100_000;
/** Of each limit at least so many, or nothing could be said of it. */
const LEAST_READ = 500;

/** Collects what is known of each exit, target by target, into columns by the table's own index. */
export class ColumnsMaker {
  readonly #engine: Engine;
  readonly #now: number;
  readonly #state: Uint8Array;
  readonly #load: Uint8Array;
  readonly #latencyMs: Float32Array;
  readonly #latencyOf: Uint32Array;
  readonly #untilAt: Float64Array;
  /** Exits that were used at the target in hand. */
  readonly #known: Int32Array;
  #read = 0;

  constructor(engine: Engine, now: number) {
    const { length } = engine.table;
    this.#engine = engine;
    this.#now = now;
    this.#state = new Uint8Array(length);
    this.#load = new Uint8Array(length).fill(NO_LOAD);
    this.#latencyMs = new Float32Array(length);
    this.#latencyOf = new Uint32Array(length);
    this.#untilAt = new Float64Array(length);
    this.#known = new Int32Array(length);
  }

  /** @returns its limits, summed up */
  add(target: Target): LimitOverview[] {
    const { table } = this.#engine;
    const now = this.#now;
    const { health, pauses } = target;
    const { exits } = table;
    const known = this.#known;
    let count = 0;
    health.glance((exit, success, latencyMs, untilAt) => {
      if (exits[exit] === undefined) return;
      known[count++] = exit;
      const rests = untilAt > now;
      this.#worsen(exit, rests ? COOLDOWN : ACTIVE);
      if (rests) this.#rest(exit, untilAt);
      if (success <= this.#latencyOf[exit]) return;
      this.#latencyOf[exit] = success;
      this.#latencyMs[exit] = Math.round(latencyMs * 10) / 10;
    });
    for (const { egress, until, reason } of pauses.entries(now)) {
      for (const exit of table.membersOf(egress)) {
        this.#worsen(exit, reason === "banned" ? BANNED : COOLDOWN);
        this.#rest(exit, until);
      }
    }
    target.quota?.catchUp(now);
    return (target.quota?.current ?? []).map((limit) => this.#sum(limit, known.subarray(0, count)));
  }

  /** With removed exits left out. */
  finish(): ExitColumns {
    const { table, health } = this.#engine;
    const exits: Exit[] = [];
    const inflight = new Uint16Array(table.length);
    const success = new Uint32Array(table.length);
    const fail = new Uint32Array(table.length);
    const columns = [this.#state, this.#load, this.#latencyMs, this.#untilAt];
    for (let exit = 0; exit < table.length; exit++) {
      const found = table.exits[exit];
      if (found === undefined) continue;
      const place = exits.push(found) - 1;
      const record = health.records.read(exit);
      if (record.dead) this.#state[exit] = DEAD;
      inflight[place] = table.inFlight[exit] + table.shared[exit];
      success[place] = record.success;
      fail[place] = record.fail;
      if (place !== exit) for (const column of columns) column[place] = column[exit];
    }
    const count = exits.length;
    return {
      exits,
      state: this.#state.subarray(0, count),
      load: this.#load.subarray(0, count),
      inflight: inflight.subarray(0, count),
      success: success.subarray(0, count),
      fail: fail.subarray(0, count),
      latencyMs: this.#latencyMs.subarray(0, count),
      untilAt: this.#untilAt.subarray(0, count),
    };
  }

  #sum(limit: QuotaLimit, known: Int32Array): LimitOverview {
    const now = this.#now;
    const { name, unit, scope, meter } = limit;
    const { exits, named, fullest, usedUp, mean, most, turnsAt } = scope === "exit" ? { ...this.#ofExits(limit, known), named: 0, fullest: [] } : { ...namedCounters(limit, now), exits: 0 };
    return { name, unit, scope, limit: meter.limit, perMs: meter.perMs, exits, named, fullest, usedUp, mean, most, turnsInMs: turnsAt === Infinity ? 0 : Math.max(0, Math.round(turnsAt - now)) };
  }

  #ofExits(limit: QuotaLimit, known: Int32Array): { exits: number; usedUp: number; mean: number; most: number; turnsAt: number } {
    const { table } = this.#engine;
    const now = this.#now;
    const { meter } = limit;
    let exits = 0;
    let usedUp = 0;
    let sum = 0;
    let most = 0;
    let turnsAt = Infinity;
    const look = (exit: number): void => {
      if (table.exits[exit] === undefined) return;
      const row = limit.rowOf(table.egress[exit], undefined, undefined, now);
      const used = meter.used(row, now);
      const share = used / meter.limit;
      exits++;
      sum += share;
      if (share > most) most = share;
      if (share >= USED_UP_AT) usedUp++;
      if (share >= WARNING_AT) this.#worsen(exit, WARNING);
      if (used > 0) turnsAt = Math.min(turnsAt, meter.resetsAt(row, now));
      const load = Math.min(LOAD_STEPS, Math.round(share * LOAD_STEPS));
      if (this.#load[exit] === NO_LOAD || load > this.#load[exit]) this.#load[exit] = load;
    };
    if (this.#read + table.length <= MOST_READ) for (let exit = 0; exit < table.length; exit++) look(exit);
    else {
      const step = Math.ceil(known.length / Math.max(LEAST_READ, MOST_READ - this.#read));
      for (let i = 0; i < known.length; i += step) look(known[i]);
    }
    this.#read += exits;
    return { exits, usedUp, mean: exits === 0 ? 0 : sum / exits, most, turnsAt };
  }

  #worsen(exit: number, state: number): void {
    if (state > this.#state[exit]) this.#state[exit] = state;
  }

  #rest(exit: number, until: number): void {
    if (until > this.#untilAt[exit]) this.#untilAt[exit] = until;
  }
}
