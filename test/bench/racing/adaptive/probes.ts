import { HOSTS } from "../../../support/world-parameters.ts";
import { backoff, type Beliefs, type Cell, type Proxy } from "./beliefs.ts";

interface Entry {
  readonly proxy: Proxy;
  /** As it was when the entry was made: the proxy's own moves on. */
  readonly due: number;
}

/** Proxies that have worked before and are looked at for one test. */
const SAMPLE = 16;

/**
 * Who is worth a test: pairs that are new to a host, of proxies that are up; proxies that have worked before and idle or are down;
 * proxies that never have, in turn.
 */
export class ProbeList {
  readonly #beliefs: Beliefs;
  readonly #random: () => number;
  readonly #untested: Cell[][] = Array.from({ length: HOSTS }, () => []);
  readonly #known: Proxy[] = [];
  /** Those that never worked, by when they are due; a heap. Each has one entry, except while it is being tested. */
  readonly #unknown: Entry[] = [];
  readonly #retest: boolean;

  constructor(beliefs: Beliefs, random: () => number, retest: boolean) {
    this.#beliefs = beliefs;
    this.#random = random;
    this.#retest = retest;
  }

  /** In random order to begin with: lists are sorted by who knows what. */
  start(proxies: readonly Proxy[]): void {
    const rest = [...proxies];
    while (rest.length > 0) {
      const at = Math.floor(this.#random() * rest.length);
      this.#unknown.push({ proxy: rest[at], due: 0 });
      rest[at] = rest[rest.length - 1];
      rest.pop();
    }
  }

  addKnown(proxy: Proxy): void {
    this.#known.push(proxy);
  }

  addUntested(cell: Cell): void {
    if (cell.queued) return;
    cell.queued = true;
    this.#untested[cell.host].push(cell);
  }

  /** A proxy that has been tested in vain, and is due later. */
  addUnknown(proxy: Proxy): void {
    const heap = this.#unknown;
    const entry: Entry = { proxy, due: proxy.due };
    let slot = heap.length;
    heap.push(entry);
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      if (heap[above].due <= entry.due) break;
      heap[slot] = heap[above];
      slot = above;
    }
    heap[slot] = entry;
  }

  /**
   * The next cell to test, taken off its list.
   *
   * @param hosts those that have somebody to carry a test, the one with most waiting tasks first
   * @param squeeze 0 to 1: how much of their rest a starving host takes from the proxies
   * @param level worth below which a test could find nothing that would be used
   */
  take(hosts: readonly number[], now: number, squeeze: number, level: number): Cell | undefined {
    if (hosts.length === 0) return undefined;
    const untested = this.#takeUntested(hosts, now);
    if (untested !== undefined) return untested;
    const knownFirst = this.#retest && this.#random() < 0.5;
    if (knownFirst) {
      const known = this.#takeKnown(hosts, now, squeeze, level);
      if (known !== undefined) return known;
    }
    const unknown = this.#takeUnknown(hosts, now, squeeze);
    if (unknown !== undefined || knownFirst || !this.#retest) return unknown;
    return this.#takeKnown(hosts, now, squeeze, level);
  }

  #takeUntested(hosts: readonly number[], now: number): Cell | undefined {
    for (const host of hosts) {
      const line = this.#untested[host];
      // Those that are spaced just now go to the back of the line, once round.
      for (let left = line.length; left > 0; left--) {
        const cell = line.shift() as Cell;
        cell.queued = false;
        if (cell.hadSuccess || cell.tries >= 3 || cell.proxy.down) continue;
        if (cell.readyAt > now || cell.inFlight > 0 || cell.proxy.probing) {
          this.addUntested(cell);
          continue;
        }
        return cell;
      }
    }
    return undefined;
  }

  #takeKnown(hosts: readonly number[], now: number, squeeze: number, level: number): Cell | undefined {
    let best: Cell | undefined;
    let most = 0;
    for (let sample = Math.min(SAMPLE, this.#known.length); sample > 0; sample--) {
      const proxy = this.#known[Math.floor(this.#random() * this.#known.length)];
      if (proxy.probing || proxy.due > now + squeeze * backoff(proxy)) continue;
      const u = this.#beliefs.u(proxy, now);
      for (const host of hosts) {
        const cell = proxy.cells[host];
        if (cell.readyAt > now) continue;
        const potential = this.#beliefs.potential(cell, now);
        if (potential < level || u * potential <= most) continue;
        most = u * potential;
        best = cell;
      }
    }
    return best;
  }

  #takeUnknown(hosts: readonly number[], now: number, squeeze: number): Cell | undefined {
    // Tasks find out that a proxy works as well as tests do; it is in the other list then.
    while (this.#unknown.length > 0 && this.#unknown[0].proxy.ever) this.#popUnknown();
    if (this.#unknown.length === 0) return undefined;
    const { proxy, due } = this.#unknown[0];
    if (due > now + squeeze * backoff(proxy)) return undefined;
    let best: Cell | undefined;
    let most = -1;
    for (const host of hosts) {
      const cell = proxy.cells[host];
      const worth = this.#beliefs.hostPrior(host) / (1 + cell.tries);
      if (cell.readyAt > now || worth <= most) continue;
      most = worth;
      best = cell;
    }
    if (best !== undefined) this.#popUnknown();
    return best;
  }

  #popUnknown(): void {
    const heap = this.#unknown;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let slot = 0;
    for (;;) {
      let below = 2 * slot + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1].due < heap[below].due) below++;
      if (heap[below].due >= last.due) break;
      heap[slot] = heap[below];
      slot = below;
    }
    heap[slot] = last;
  }
}
