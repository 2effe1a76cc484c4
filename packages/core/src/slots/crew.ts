import type { Engine } from "../race/engine.ts";
import type { BackingOff, Rests } from "./rests.ts";

/** So many exits are looked at one by one whenever somebody asks; of more, the answer is kept for a moment. */
const LOOKED_AT = 1_000;
const KEPT_MS = 100;

export type LimitedBy = "exits" | "backend-limit" | "items";

export interface Crew {
  /** Slots that may work now. */
  readonly allowed: number;
  /** Slots that would, did no exit rest. */
  readonly otherwise: number;
  readonly limitedBy: LimitedBy | undefined;
}

/** How many slots of a run may work, and how much slower while exits back off. */
export class CrewSize {
  wanted: number | "auto";
  readonly #engine: Engine;
  readonly #rests: Rests;
  readonly #items: () => number;
  #usable = 0;
  #usableAt = -Infinity;

  constructor(engine: Engine, rests: Rests, wanted: number | "auto", items: () => number) {
    this.#engine = engine;
    this.#rests = rests;
    this.wanted = wanted;
    this.#items = items;
  }

  at(now: number): Crew {
    const { table } = this.#engine;
    const asked = this.wanted === "auto" ? Math.max(1, this.#items()) : this.wanted;
    const backend = this.#rests.backendLimit;
    const otherwise = Math.min(asked, backend, Math.max(1, table.size));
    const allowed = Math.max(1, Math.min(otherwise, this.#usableNow(now)));
    const limitedBy = this.wanted !== "auto" && allowed >= this.wanted ? undefined : allowed < Math.min(asked, backend) ? "exits" : allowed < asked ? "backend-limit" : this.wanted === "auto" && asked < Infinity ? "items" : undefined;
    return { allowed, otherwise, limitedBy };
  }

  /**
   * How many times as long a round takes while exits back off, so that those that still work carry no more than before. Fewer
   * slots because of them already carry less.
   */
  stretch({ exits, resting }: BackingOff, { allowed, otherwise }: Crew): number {
    if (resting === 0 || resting >= exits) return 1;
    return Math.max(1, (allowed * exits) / (otherwise * (exits - resting)));
  }

  #usableNow(now: number): number {
    if (this.#engine.table.length > LOOKED_AT && now - this.#usableAt < KEPT_MS) return this.#usable;
    this.#usableAt = now;
    return (this.#usable = this.#rests.usable(now));
  }
}
