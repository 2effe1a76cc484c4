import type { Exit } from "../model/exit.ts";

export interface FreeListener {
  freed(exit: number): void;
}

/**
 * The exits of a pool, by index: what the hot path works with. An exit keeps its index for life; indices of removed exits
 * are given to new ones once nothing is in flight there.
 */
export class ExitTable {
  readonly exits: (Exit | undefined)[] = [];
  /** What the target sees of an exit, as an index: exits that share one share its quota and its bans. */
  readonly egress: number[] = [];
  /** Attempts in flight, over all targets. */
  readonly inFlight: number[] = [];
  /** Shared leases out, over all targets. */
  readonly shared: number[] = [];
  readonly isProxy: boolean[] = [];
  /** Exits that a source has named: not the user's own. */
  readonly sourced = new Set<number>();
  readonly #byId = new Map<string, number>();
  /** By egress: what it is called, in every process the same. */
  readonly egressKeys: string[] = [];
  readonly #egressIds = new Map<string, number>();
  readonly #members: number[][] = [];
  /** Who wants to hear that an attempt through a fully used exit has ended. */
  readonly #waiting = new Map<number, Set<FreeListener>>();
  #locals = 0;
  #proxies = 0;

  /** How many indices there are, removed exits included. */
  get length(): number {
    return this.exits.length;
  }

  get size(): number {
    return this.#byId.size;
  }

  get locals(): number {
    return this.#locals;
  }

  get proxies(): number {
    return this.#proxies;
  }

  /** The index of the exit, new or known. */
  add(exit: Exit, egressKey: string): number {
    const known = this.#byId.get(exit.id);
    if (known !== undefined) return known;
    const index = this.exits.length;
    let egress = this.#egressIds.get(egressKey);
    if (egress === undefined) {
      egress = this.#members.length;
      this.#egressIds.set(egressKey, egress);
      this.egressKeys.push(egressKey);
      this.#members.push([index]);
    } else {
      this.#members[egress].push(index);
    }
    this.exits.push(exit);
    this.egress.push(egress);
    this.inFlight.push(0);
    this.shared.push(0);
    const proxy = exit.kind === "socks5" || exit.kind === "http";
    this.isProxy.push(proxy);
    if (proxy) this.#proxies++;
    else this.#locals++;
    this.#byId.set(exit.id, index);
    return index;
  }

  indexOf(id: string): number | undefined {
    return this.#byId.get(id);
  }

  /** Indices of the exits that leave by this egress. */
  membersOf(egress: number): readonly number[] {
    return this.#members[egress];
  }

  /** Tells `listener`, once, when an attempt through the exit has ended. */
  onFree(exit: number, listener: FreeListener): void {
    const listeners = this.#waiting.get(exit);
    if (listeners === undefined) this.#waiting.set(exit, new Set([listener]));
    else listeners.add(listener);
  }

  /** An attempt through the exit has ended. */
  freed(exit: number): void {
    if (this.#waiting.size === 0) return;
    const listeners = this.#waiting.get(exit);
    if (listeners === undefined) return;
    this.#waiting.delete(exit);
    for (const listener of listeners) listener.freed(exit);
  }
}
