import type { ExitTable } from "../exits/exit-table.ts";
import type { Policy } from "./policy.ts";
import type { Target } from "./target.ts";

/**
 * How many attempts may be in flight over all exits, and which targets wait for a place: they are served in turn, one
 * request each, so that a busy target leaves room for the others.
 */
export class Gate {
  inFlight = 0;
  private proxied = 0;
  private readonly table: ExitTable;
  private most = Infinity;
  private mostProxied = Infinity;
  readonly #waiting: Target[] = [];

  constructor(table: ExitTable) {
    this.table = table;
  }

  /** @param most a number counts all; `undefined` is 100 through proxies and no limit for local exits */
  limit(most: number | undefined): void {
    this.most = most ?? Infinity;
    this.mostProxied = most ?? 100;
  }

  get limited(): boolean {
    return this.most !== Infinity || this.table.proxies > 0;
  }

  /** May anything be sent at all? */
  get open(): boolean {
    return this.inFlight < this.most && (this.table.locals > 0 || this.mayProxy);
  }

  get mayProxy(): boolean {
    return this.proxied < this.mostProxied;
  }

  /** As places, how many more legs could start. */
  get spare(): number {
    return Math.min(this.most - this.inFlight, this.table.locals > 0 ? Infinity : this.mostProxied - this.proxied);
  }

  /** 0 to 1: how much of the places is in use. */
  get usedShare(): number {
    return Math.max(this.inFlight / this.most, this.proxied / this.mostProxied);
  }

  /** Targets that wait for a place. */
  get waiting(): readonly Target[] {
    return this.#waiting;
  }

  enter(exit: number): void {
    this.inFlight++;
    if (this.table.isProxy[exit]) this.proxied++;
  }

  leave(exit: number): void {
    this.inFlight--;
    if (this.table.isProxy[exit]) this.proxied--;
  }

  wait(target: Target): void {
    if (target.atGate) return;
    target.atGate = true;
    this.#waiting.push(target);
  }

  /**
   * Serves the targets that wait, each once, for as long as there are places.
   *
   * @param policy says which of them is next
   */
  serve(pump: (target: Target) => void, policy: Policy): void {
    for (let left = this.#waiting.length; left > 0 && this.open; left--) {
      if (this.#waiting.length === 0) return;
      const [target] = this.#waiting.splice(policy.nextOf(this.#waiting), 1);
      target.atGate = false;
      pump(target);
    }
  }
}
