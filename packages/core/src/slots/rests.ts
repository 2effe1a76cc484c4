import type { Engine } from "../race/engine.ts";
import type { Target } from "../race/target.ts";

/** A run over more targets than that says nothing about any of them: its exits are not judged by their rests. */
const MOST_TARGETS = 16;

/** What a program's own clients were refused with, told by `settle` on leases that only pin. */
export interface OwnPauses {
  readonly latestEnd: number;
  untilOf(egress: number): number;
  entries(now: number): IterableIterator<{ egress: number; until: number }>;
}

export interface BackingOff {
  /** Exits that can be waited for at all. */
  exits: number;
  /** Those of them that keep away: refused with 429 or 418, or timed out. */
  resting: number;
  /** When the first of them is back. */
  nextEnd: number;
}

/** How the exits stand at the targets of one run: which may be used, and how many of them back off. */
export class Rests {
  readonly #engine: Engine;
  readonly #own: OwnPauses;
  readonly #targets: Target[] = [];
  #tooMany = false;

  constructor(engine: Engine, own: OwnPauses) {
    this.#engine = engine;
    this.#own = own;
  }

  /** @returns was it unknown? */
  add(target: Target): boolean {
    if (this.#tooMany || this.#targets.includes(target)) return false;
    if (this.#targets.length >= MOST_TARGETS) {
      this.#tooMany = true;
      this.#targets.length = 0;
      return true;
    }
    this.#targets.push(target);
    return true;
  }

  /** As many attempts as the targets take together; `Infinity` where one of them sets no limit, or none is known. */
  get backendLimit(): number {
    let sum = 0;
    for (const { rules } of this.#targets) sum += rules.backendLimit;
    return sum === 0 ? Infinity : sum;
  }

  /** When it may be used at one of the targets at least: a moment that has passed where it may now. */
  freeAt(exit: number): number {
    const egress = this.#engine.table.egress[exit];
    let least = this.#targets.length === 0 ? 0 : Infinity;
    for (const target of this.#targets) least = Math.min(least, until(target, exit, egress));
    return Math.max(least, this.#own.untilOf(egress));
  }

  /** Does it rest at any of them? */
  restsSomewhere(exit: number, now: number): boolean {
    const egress = this.#engine.table.egress[exit];
    return this.#targets.length > 1 && this.#targets.some((target) => until(target, exit, egress) > now);
  }

  /** Nobody backs off: most of the time, and it is asked at every round. */
  #allWell(now: number): boolean {
    if (this.#own.latestEnd > now) return false;
    for (const { pauses } of this.#targets) if (pauses.latestEnd > now || pauses.wholeUntil > now) return false;
    return true;
  }

  /** Exits that could take work now. Looks at each where any of them may be resting. */
  usable(now: number): number {
    const { table, health } = this.#engine;
    if (this.#allWell(now) && this.#targets.every((target) => target.health.cooling(now) === 0)) return table.size - health.records.dead;
    let usable = 0;
    for (let exit = 0; exit < table.length; exit++) if (table.isUsable(exit) && this.freeAt(exit) <= now) usable++;
    return usable;
  }

  /** Looks at those alone that back off. */
  backingOff(now: number): BackingOff {
    const { table, health } = this.#engine;
    const exits = Math.max(0, table.size - health.records.dead);
    const found: BackingOff = { exits, resting: 0, nextEnd: Infinity };
    if (this.#allWell(now)) return found;
    const resting = new Set<number>();
    const note = (egress: number, end: number): void => {
      if (end < found.nextEnd) found.nextEnd = end;
      for (const exit of table.membersOf(egress)) if (table.exits[exit] !== undefined) resting.add(exit);
    };
    for (const { egress, until: end } of this.#own.entries(now)) note(egress, end);
    const whole = this.#targets.reduce((least, { pauses }) => Math.min(least, pauses.wholeUntil), Infinity);
    if (whole > now && this.#targets.length > 0) return { exits, resting: exits, nextEnd: Math.min(found.nextEnd, whole) };
    // One that may be used at another target of the run does not back off.
    const open = this.#targets.find(({ pauses }) => pauses.wholeUntil <= now);
    if (open !== undefined) {
      for (const { egress } of open.pauses.entries(now)) {
        let end = Infinity;
        for (const { pauses } of this.#targets) end = Math.min(end, Math.max(pauses.wholeUntil, pauses.untilOf(egress)));
        if (end > now) note(egress, end);
      }
    }
    found.resting = Math.min(exits, resting.size);
    return found;
  }
}

function until({ pauses, health }: Target, exit: number, egress: number): number {
  return Math.max(pauses.wholeUntil, pauses.untilOf(egress), health.restsUntil(exit));
}
