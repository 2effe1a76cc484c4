/**
 * In which order the exits that may be used now are offered. One of these a target; the desk adds an exit when it becomes
 * usable and removes it when it is not.
 */
export interface Order {
  has(exit: number): boolean;
  /** @param rested it comes back from a rest: it has been used less recently than those that stayed */
  add(exit: number, rested: boolean): void;
  /** @param forMs it will be back by itself in so long; 0: when an attempt of it ends */
  remove(exit: number, forMs?: number): void;
  /** The first to be offered, or -1. */
  first(): number;
  /** The next after `exit` in this round of offers, or -1. */
  after(exit: number): number;
  /** It was chosen and stays usable. */
  used(exit: number): void;
  /** An attempt of it has begun or ended: its standing may be another now. Absent where the order does not depend on outcomes. */
  rescored?(exit: number): void;
  /** The same of all exits; they are put in their places as the order is asked, some at a time, so that targets nobody asks for cost nothing and no offer takes long. */
  rescoredAll?(): void;
  readonly size: number;
}
