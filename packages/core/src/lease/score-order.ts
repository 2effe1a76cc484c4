import type { Order } from "./order.ts";
import { LISTS, ScoreLists } from "./score-lists.ts";

/** What the order has to know about exits; the health of a target is one. */
export interface Scorer {
  /** 0 to 127: the step of its score, doubled, and 1 more when it needs no exploring. Changes only with an outcome. */
  rankOf(exit: number): number;
  /** Everything fails here, whoever is sent: scores say nothing now. */
  readonly blamed: boolean;
}

/** Exits whose rank may have changed by what they did at other targets. */
export interface Changes {
  readonly count: number;
  readonly oldest: number;
  get(index: number): number;
}

/** Share of offers that begin with an exit of which too little is known. */
export const EXPLORE_SHARE = 0.1;
/** After a restart so many exits an offer are ranked by what was known: 2 ms by code that is not compiled yet, and among so many are good ones. */
export const RANK_AT_ONCE = 2_048;
/** Changes from elsewhere that one offer catches up with, so that no offer takes long. */
const CATCH_UP = 32;

/**
 * The best score first, among equals the least recently used. Every tenth offer begins with the most promising exit that is
 * unproven: one without an outcome here, or half open after a rest. Else a pool that has found a few good exits would never
 * find out about the others. Adding, removing and finding the best cost the same for 20 exits and for 20,000.
 */
export class ScoreOrder implements Order {
  readonly #lists: ScoreLists;
  readonly #scorer: Scorer;
  readonly #changes: Changes;
  readonly #random: () => number;
  readonly #exploreShare: number;
  #seen: number;
  #uses = 0;
  /** The exit with which this round of offers began though it is not the best, or -1. */
  #odd = -1;
  /** What all exits stand by has changed: those from this one on are still to be put in their places. */
  #staleFrom = Infinity;

  /** @param options.exits how many there will be, where that is known: room is made for them at once, and for no more */
  constructor(scorer: Scorer, changes: Changes, random: () => number, { exploreShare = EXPLORE_SHARE, exits = 0 }: { exploreShare?: number; exits?: number } = {}) {
    this.#lists = new ScoreLists(exits);
    this.#scorer = scorer;
    this.#changes = changes;
    this.#random = random;
    this.#exploreShare = exploreShare;
    this.#seen = changes.count;
  }

  get size(): number {
    return this.#lists.size;
  }

  get bytes(): number {
    return this.#lists.bytes;
  }

  has(exit: number): boolean {
    return this.#lists.listOf(exit) >= 0;
  }

  add(exit: number, _rested: boolean): void {
    if (!this.has(exit)) this.#lists.insert(exit, this.#scorer.rankOf(exit));
  }

  remove(exit: number): void {
    if (this.has(exit)) this.#lists.remove(exit);
  }

  first(): number {
    if (this.#staleFrom !== Infinity) this.#rankOn();
    if (this.#seen !== this.#changes.count) this.#catchUp();
    const best = this.#lists.highest(LISTS);
    this.#odd = -1;
    if (best < 0) return -1;
    const odd = this.#oddList(best);
    if (odd < 0 || odd === best) return this.#lists.headOf(best);
    this.#odd = this.#lists.headOf(odd);
    return this.#odd;
  }

  after(exit: number): number {
    if (exit === this.#odd) return this.#lists.headOf(this.#lists.highest(LISTS));
    const next = this.#following(exit);
    return next >= 0 && next === this.#odd ? this.#following(next) : next;
  }

  used(exit: number): void {
    this.#lists.stamp(exit, ++this.#uses);
    const list = this.#lists.listOf(exit);
    if (list < 0) return;
    this.#lists.remove(exit);
    this.#lists.insert(exit, list);
  }

  /** An outcome has come, or an attempt has begun: its score may be another now. */
  rescored(exit: number): void {
    const list = this.#lists.listOf(exit);
    if (list < 0) return;
    const rank = this.#scorer.rankOf(exit);
    if (rank === list) return;
    this.#lists.remove(exit);
    this.#lists.insert(exit, rank);
  }

  rescoredAll(): void {
    this.#staleFrom = 0;
    this.#seen = this.#changes.count;
  }

  #rankOn(): void {
    const end = Math.min(this.#lists.exits, this.#staleFrom + RANK_AT_ONCE);
    for (let exit = this.#staleFrom; exit < end; exit++) this.rescored(exit);
    this.#staleFrom = end < this.#lists.exits ? end : Infinity;
  }

  #following(exit: number): number {
    const next = this.#lists.nextOf(exit);
    if (next >= 0) return next;
    const list = this.#lists.highest(this.#lists.listOf(exit));
    return list < 0 ? -1 : this.#lists.headOf(list);
  }

  /** The list to begin with instead of the best one, or -1. */
  #oddList(best: number): number {
    // Every other offer begins anywhere: were it always the best, and only these had gone, nothing would ever show that the
    // target is well.
    if (this.#scorer.blamed) return this.#lists.highest(Math.ceil((this.#random() * 2 - 1) * LISTS));
    const unproven = this.#lists.highestUnproven();
    return unproven < 0 || unproven === best || this.#random() >= this.#exploreShare ? -1 : unproven;
  }

  #catchUp(): void {
    const { count, oldest } = this.#changes;
    let index = Math.max(this.#seen, oldest);
    for (let left = CATCH_UP; index < count && left > 0; left--) this.rescored(this.#changes.get(index++));
    this.#seen = index;
  }
}
