import { LRUCache } from "lru-cache";
import { Homes, StandIns } from "../lease/homes.ts";
import { keyHash } from "../lease/key-hash.ts";
import type { ExitTable } from "../exits/exit-table.ts";
import type { Family } from "../exits/family.ts";
import type { Hints } from "../model/request.ts";
import type { Engine } from "./engine.ts";
import type { Job } from "./job.ts";
import { neededFamily } from "./needed-family.ts";
import type { Target } from "./target.ts";

/** No more than this, nor more than half of its own deadline, does a request wait for the exit that its key belongs to. */
const PATIENCE_MS = 30_000;
/** Batches whose last exit is remembered. */
const MOST_BATCHES = 10_000;

/** Goes along in the hints of a `pool.with` that avoids the previous exit: requests inside have it in common. */
export const PREVIOUS: unique symbol = Symbol("previous exit");

/** The exit by which the last request of a batch, or of a context, has left; -1: none has. */
export interface Previous {
  exit: number;
}

/** Which exit a request would like to leave by: the one of its key, or any but the previous. */
export type Wish = { readonly key: number; readonly patientUntil: number; readonly previous?: undefined } | { readonly key?: undefined; readonly previous: Previous };

/** What a pool remembers of wishes. Made with the first of them. */
export class Wishes {
  readonly homes: Homes;
  readonly #byBatch = new LRUCache<number, Previous>({ max: MOST_BATCHES });

  constructor({ table }: Engine) {
    this.homes = new Homes(table);
  }

  /** The last exit of a batch at a target. */
  previousOf(target: string, batchId: string): Previous {
    const key = keyHash(`${target}\n${batchId}`);
    let previous = this.#byBatch.get(key);
    if (previous === undefined) this.#byBatch.set(key, (previous = { exit: -1 }));
    return previous;
  }
}

/** The same of one target: it alone knows who is away. */
export class TargetWishes {
  readonly last: Previous = { exit: -1 };
  /** By the family of the address that is asked for, where a target has several: each is out of some exits' reach. */
  readonly #standIns = new Map<Family, StandIns>();
  readonly #isAway: (exit: number, now: number) => boolean;
  readonly #homes: Homes;
  readonly #table: ExitTable;

  constructor({ desk, engine, health, pauses }: Target) {
    const { table } = engine;
    this.#homes = (engine.wishes ??= new Wishes(engine)).homes;
    this.#table = table;
    this.#isAway = (exit, now) => {
      if (!table.isUsable(exit) || !desk.mayUse(exit) || health.restsUntil(exit) > now) return true;
      const egress = table.egress[exit];
      const until = pauses.untilOf(egress);
      // A short pause is waited for as a window is; a ban, or one that takes longer than anybody waits, is not.
      return until > now && (pauses.reasonOf(egress) === "banned" || until > now + PATIENCE_MS);
    };
  }

  exitOf(key: number, now: number, family: Family): number {
    let standIns = this.#standIns.get(family);
    if (standIns === undefined) this.#standIns.set(family, (standIns = new StandIns((exit, at) => !this.#table.reaches(exit, family) || this.#isAway(exit, at))));
    return this.#homes.exitOf(key, now, standIns);
  }
}

export function wishOf(target: Target, hints: Hints, now: number, timeoutMs: number): Wish | undefined {
  const { affinity, batchId } = hints;
  if (affinity === undefined || affinity === null) return undefined;
  const wishes = (target.wishes ??= new TargetWishes(target));
  if (affinity !== "avoid-previous") return { key: keyHash(String(affinity)), patientUntil: now + Math.min(PATIENCE_MS, timeoutMs / 2) };
  const around = (hints as { [PREVIOUS]?: Previous })[PREVIOUS];
  return { previous: batchId === undefined ? (around ?? wishes.last) : (target.engine.wishes as Wishes).previousOf(target.name, String(batchId)) };
}

/** Any exit will do. */
export const ANY = -2;

/** The exit of the request's key, -1 where it is worth waiting for it, or `ANY`. */
export function wished(job: Job, key: number, patientUntil: number, now: number): number {
  const { demand, engine, target } = job;
  const { desk, health } = target;
  const { gate, table } = engine;
  const exit = now >= patientUntil ? -1 : (target.wishes as TargetWishes).exitOf(key, now, neededFamily(job));
  if (exit < 0) return ANY;
  if (!job.shared && table.isProxy[exit] && !gate.mayProxy) {
    gate.wait(target);
    return -1;
  }
  const full = !job.shared && (desk.isFull(exit, now) || health.trialOut(exit));
  if (full) desk.wakeAt = Infinity;
  else if (desk.chooseExit(exit, demand, now)) return exit;
  // What is known to come too late is not waited for; an attempt in flight may end at any moment.
  if (desk.wakeAt !== Infinity && desk.wakeAt > patientUntil) return ANY;
  desk.wakeAt = Math.min(desk.wakeAt, patientUntil);
  return -1;
}

/** The exit that it waits for, whoever else is free; -1: any. */
export function awaited(job: Job, now: number): number {
  const { pin, target, wish } = job;
  if (pin >= 0) return pin;
  return wish?.key === undefined || now >= wish.patientUntil ? -1 : (target.wishes as TargetWishes).exitOf(wish.key, now, neededFamily(job));
}

/** Exits to take only where no other comes free soon: those it has tried, and the previous one where it is to avoid that. */
export function avoided({ tried, wish }: Job): readonly number[] {
  const exit = wish?.previous?.exit ?? -1;
  return exit < 0 || tried.includes(exit) ? tried : [...tried, exit];
}
