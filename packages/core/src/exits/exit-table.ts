import type { Exit } from "../model/exit.ts";
import { EgressGroups } from "./egress-groups.ts";
import { familyOf, type Family } from "./family.ts";

export interface FreeListener {
  freed(exit: number): void;
}

/**
 * The exits of a pool, by index: what the hot path works with. An exit keeps its index for life; indices of removed exits
 * are given to new ones.
 *
 * The columns are replaced when they grow: read them through the table, and keep none. Some 14 bytes an exit.
 */
export class ExitTable {
  readonly exits: (Exit | undefined)[] = [];
  /** 1 or 0. */
  isProxy = new Uint8Array(0);
  /** Attempts in flight, over all targets. */
  inFlight = new Int32Array(0);
  /** Shared leases out, over all targets. */
  shared = new Int32Array(0);
  /** 1: serves a slot, which has it to itself among slots. */
  held = new Uint8Array(0);
  /** Exits that a source has named: not the user's own. */
  readonly sourced = new Set<number>();
  /** Exits on their way out: no request is given one, what they carry goes on. */
  readonly retiring = new Set<number>();
  /** Exits that came and went, so far: who has a list of its own looks whether it is still true. */
  turns = 0;
  /** Told of an exit before it is removed, while all that is known of it is still there. */
  readonly onRemove = new Set<(exit: number) => void>();
  /** How often an index was given to another exit: whoever keeps something by index looks whether it has changed. */
  reused = 0;
  /** What became of the entries that were to be exits, for errors while there is none. */
  absence: () => string = () => "";
  readonly #byId = new Map<string, number>();
  readonly #groups = new EgressGroups();
  readonly #spare: number[] = [];
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

  /** What the target sees of each exit, as an index: exits that share one share its quota and its bans. */
  get egress(): Int32Array {
    return this.#groups.of;
  }

  /** The index of the exit, new or known. */
  add(exit: Exit, egressKey: string): number {
    const known = this.#byId.get(exit.id);
    if (known !== undefined) return known;
    const spare = this.#spare.pop();
    if (spare !== undefined) this.reused++;
    const index = spare ?? this.exits.length;
    if (index >= this.inFlight.length) this.#widen(index);
    this.#groups.join(index, egressKey, this.#ownIndexOf(exit.id, egressKey));
    const proxy = leadsThroughProxy(exit);
    this.exits[index] = exit;
    this.isProxy[index] = proxy ? 1 : 0;
    if (proxy) this.#proxies++;
    else this.#locals++;
    this.#byId.set(exit.id, index);
    this.turns++;
    return index;
  }

  /** Is there such an exit, and can it reach an address of that family? Proxies go where they are told, names lead anywhere. */
  reaches(index: number, family: Family | "mixed"): boolean {
    const exit = this.exits[index];
    return exit !== undefined && (family === 0 || family === "mixed" || exit.kind !== "local" || familyOf(exit.address ?? "") === family);
  }

  /** May requests be given it at all? */
  isUsable(index: number): boolean {
    return this.exits[index] !== undefined && !this.retiring.has(index);
  }

  /** Nothing may be in flight through it, and nothing that is known of it be worth keeping. */
  remove(index: number): void {
    const exit = this.exits[index];
    if (exit === undefined) return;
    for (const told of this.onRemove) told(index);
    this.#byId.delete(exit.id);
    this.exits[index] = undefined;
    this.turns++;
    this.sourced.delete(index);
    this.retiring.delete(index);
    this.#waiting.delete(index);
    if (leadsThroughProxy(exit)) this.#proxies--;
    else this.#locals--;
    this.#spare.push(...this.#groups.leave(index));
  }

  indexOf(id: string): number | undefined {
    return this.#byId.get(id);
  }

  /** Indices of the exits that leave by this egress. To be read at once: the next call may change what it says. */
  membersOf(egress: number): readonly number[] {
    return this.#groups.membersOf(egress);
  }

  /** What an egress is called, in every process the same. */
  egressKey(egress: number): string {
    return this.#groups.keyOf(egress) ?? this.exits[egress]?.id ?? "";
  }

  /** Tells `listener`, once, when an attempt through the exit has ended. */
  onFree(exit: number, listener: FreeListener): void {
    const listeners = this.#waiting.get(exit);
    if (listeners === undefined) this.#waiting.set(exit, new Set([listener]));
    else listeners.add(listener);
  }

  /** Somebody wants to be told. */
  get awaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** An attempt through the exit has ended. */
  freed(exit: number): void {
    const listeners = this.#waiting.get(exit);
    if (listeners === undefined) return;
    this.#waiting.delete(exit);
    for (const listener of listeners) listener.freed(exit);
  }

  /** The exit whose id is that key: most exits are their own egress, and nothing is kept of that. */
  #ownIndexOf(id: string, egressKey: string): number | undefined {
    return id === egressKey ? -1 : this.#byId.get(egressKey);
  }

  /** By a sixteenth: doubling would leave a table of 20,000 with room for 12,000 more. */
  #widen(index: number): void {
    const length = Math.max(8, index + 1 + (index >>> 4));
    const inFlight = new Int32Array(length);
    inFlight.set(this.inFlight);
    this.inFlight = inFlight;
    const shared = new Int32Array(length);
    shared.set(this.shared);
    this.shared = shared;
    const held = new Uint8Array(length);
    held.set(this.held);
    this.held = held;
    const isProxy = new Uint8Array(length);
    isProxy.set(this.isProxy);
    this.isProxy = isProxy;
  }
}

function leadsThroughProxy({ kind }: Exit): boolean {
  return kind === "socks5" || kind === "http";
}
