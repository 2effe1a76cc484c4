import { HOSTS } from "../../../support/world-parameters.ts";
import type { Knobs } from "./knobs.ts";
import { Shape } from "./shape.ts";

/** Seconds that an attempt may take. */
export const LIMIT = 8;

/** A proxy that has never worked is up with that likelihood as long as nothing else is known … */
const BASE_UNKNOWN = 0.08;
/** … and one that has worked before. */
const BASE_KNOWN = 0.4;
/** What is believed of a pair fades in ten minutes: bans end, and hosts begin to ban. */
const HOST_MEMORY = 600;
/** Times are remembered over so many successes, and each moves them by at least that much. */
const TIMES_KEPT = 20;
const TIME_GAIN = 0.12;
/** Time scales are uncertain: an attempt is judged as if it had waited only 0.7 of what it has. */
const TOLERANCE = 0.7;
/** Half of the dead refuse at once; and so rarely does a working one refuse, or a dead one answer in a host's name. */
const REFUSING = 0.5;
const LYING = 0.02;
/** How fast the pool's own averages move with each success. */
const SLOW = 0.005;

export class Proxy {
  readonly index: number;
  readonly cells: Cell[] = [];
  /** Likelihood that it is up, as of `uAt`. */
  u = BASE_UNKNOWN;
  uAt = 0;
  /** Mean of the logarithm of its times, over the last `n` successes. */
  m = 0;
  n = 0;
  /** Successes and failures while it was up. */
  sa = 0;
  sb = 0;
  /** When it is to be tested again, how often that has failed, and is it being done. */
  due = 0;
  nf = 0;
  probing = false;
  ever = false;
  down = true;
  lastSuccessAt = 0;

  constructor(index: number) {
    this.index = index;
    for (let host = 0; host < HOSTS; host++) this.cells.push(new Cell(this, host));
  }
}

/** A proxy at a host. */
export class Cell {
  readonly proxy: Proxy;
  readonly host: number;
  /** Likelihood that the host accepts this proxy, as of `gAt`; meaningless while untested. */
  g = 0;
  gAt = 0;
  readyAt = 0;
  /** Since when attempts have been out without a success. */
  quietSince = 0;
  inFlight = 0;
  tries = 0;
  hadSuccess = false;
  /** Stands among the untested ones of its host. */
  queued = false;
  /** Entries of the heap with another version are stale. */
  version = 0;

  constructor(proxy: Proxy, host: number) {
    this.proxy = proxy;
    this.host = host;
  }
}

/** What an attempt has shown: an answer, a refusal by the proxy, or nothing until it was given up. */
export type Failure = "answered" | "refused" | "silent";

/**
 * What is believed about proxies and hosts, and what follows from it. Two factors an attempt: the proxy is up (u), the host accepts
 * this proxy (g); q is the likelihood of success when both hold. Times in seconds.
 */
export class Beliefs {
  readonly shape: Shape;
  readonly #knobs: Knobs;
  /** Mean log time of the pool, variance of log times within a proxy and between proxies. */
  m0 = 0;
  successes = 0;
  #within = 0.25;
  #between = 0.6;
  readonly #offset = new Float64Array(HOSTS);
  /** Pairs that were accepted, and that were not, by host. */
  readonly #accepted = new Float64Array(HOSTS).fill(3.2);
  readonly #refused = new Float64Array(HOSTS).fill(0.8);
  /** Time seen up, and ends of it: their ratio is the mean time up. */
  #upTime = 1_200;
  #downs = 4;

  constructor(knobs: Knobs) {
    this.#knobs = knobs;
    this.shape = new Shape(knobs.learnShape);
  }

  get #meanUpTime(): number {
    return Math.min(3_600, Math.max(30, this.#upTime / this.#downs));
  }

  u(proxy: Proxy, now: number): number {
    const base = proxy.ever ? BASE_KNOWN : BASE_UNKNOWN;
    return base + (proxy.u - base) * Math.exp(-(now - proxy.uAt) / this.#meanUpTime);
  }

  hostPrior(host: number): number {
    return this.#accepted[host] / (this.#accepted[host] + this.#refused[host]);
  }

  g(cell: Cell, now: number): number {
    if (!this.#knobs.banFactor) return 1;
    const prior = this.hostPrior(cell.host);
    if (cell.tries === 0) return prior;
    const rest = cell.hadSuccess ? 0.8 : prior / 2;
    return rest + (cell.g - rest) * Math.exp(-(now - cell.gAt) / HOST_MEMORY);
  }

  q(proxy: Proxy): number {
    return (proxy.sa + 2 * this.shape.q0) / (proxy.sa + proxy.sb + 2);
  }

  /** Its time scale: its own mean, drawn towards the pool's while little is known. */
  scale(cell: Cell): number {
    const { n, m } = cell.proxy;
    const kappa = Math.min(4, Math.max(0.3, this.#within / this.#between));
    return Math.exp((n * m + kappa * this.m0) / (n + kappa) + this.#offset[cell.host]);
  }

  /** What one more attempt is worth, in successes per second of a slot. */
  index(cell: Cell, now: number): number {
    const { proxy } = cell;
    const g = this.g(cell, now);
    const q = this.q(proxy);
    const scale = this.scale(cell);
    let u = this.u(proxy, now);
    if (this.#knobs.overdue && cell.inFlight > 0) {
      // Attempts that should have answered by now speak against the proxy before they end.
      const overdue = 0.98 * this.shape.share((TOLERANCE * (now - cell.quietSince)) / scale);
      u = withOdds(u, (1 - g * q * overdue) ** Math.min(3, cell.inFlight));
    }
    const p = u * g * q;
    return p < 0.1 ? 0 : this.shape.best(p, scale, LIMIT).index;
  }

  /** What it would be worth if its proxy were up. */
  potential(cell: Cell, now: number): number {
    return this.shape.best(this.g(cell, now) * this.q(cell.proxy), this.scale(cell), LIMIT).index;
  }

  /** How long to wait for an answer when slots are scarce, as opposed to the whole limit. */
  scarceCut(cell: Cell, now: number): number {
    return Math.max(0.3, this.shape.best(this.g(cell, now) * this.q(cell.proxy), this.scale(cell), LIMIT).at);
  }

  /** After how long without an answer a further leg is worth its price. */
  hedgeDelay(cell: Cell, share: number): number {
    return this.scale(cell) * this.shape.quantile(share);
  }

  /** From now on it has a history, which begins with what its host does to others. */
  tried(cell: Cell, now: number): void {
    if (cell.tries === 0) {
      cell.g = this.hostPrior(cell.host);
      cell.gAt = now;
    }
    cell.tries++;
  }

  succeeded(cell: Cell, now: number, elapsed: number): void {
    const { proxy, host } = cell;
    if (proxy.ever && !proxy.down) this.#upTime += now - proxy.lastSuccessAt;
    proxy.lastSuccessAt = now;
    proxy.u = 0.995;
    proxy.uAt = cell.gAt = cell.quietSince = now;
    cell.g = 0.98;
    if (!cell.hadSuccess) this.#accepted[host]++;
    proxy.nf = 0;
    proxy.down = false;
    proxy.ever = cell.hadSuccess = true;
    proxy.due = now + 15;
    proxy.sa = 0.95 * proxy.sa + 1;
    proxy.sb *= 0.95;

    const x = Math.log(Math.max(1e-3, elapsed)) - this.#offset[host];
    if (proxy.n === 0) proxy.m = this.m0;
    else this.#within += SLOW * ((x - proxy.m) ** 2 - this.#within);
    proxy.m += Math.max(1 / (proxy.n + 1), TIME_GAIN) * (x - proxy.m);
    proxy.n = Math.min(TIMES_KEPT, proxy.n + 1);
    this.#between += SLOW * ((proxy.m - this.m0) ** 2 - this.#between);
    this.successes++;
    this.m0 += (this.#knobs.quickStart ? Math.max(1 / this.successes, SLOW) : SLOW) * (x - this.m0);
    // Only differences between hosts mean something: without this, proxies' means and hosts' offsets run away together.
    const step = SLOW * (x - proxy.m);
    for (let other = 0; other < HOSTS; other++) this.#offset[other] += (other === host ? step : 0) - step / HOSTS;
  }

  /** @returns whether its proxy is believed to have gone down by this */
  failed(cell: Cell, now: number, elapsed: number, failure: Failure, cut: boolean): boolean {
    const { proxy, host } = cell;
    const scale = this.scale(cell);
    const u = this.u(proxy, now);
    const g = this.g(cell, now);
    const q = this.q(proxy);
    // How sure it is that a success would have come by now, in the time it was given.
    const F1 = failure === "silent" ? this.shape.share((TOLERANCE * elapsed) / scale) : 1;
    const likely = this.#knobs.kinds ? this.#byKind(failure, q, F1) : { down: 1, banned: 1, accepted: 1 - q * F1 * 0.985, failed: 1 };

    const accepted = u * g * likely.accepted;
    const banned = u * (1 - g) * likely.banned;
    const all = accepted + banned + (1 - u) * likely.down;
    // Blame: a host that has accepted this proxy before is the less likely culprit.
    const blame = cell.hadSuccess ? this.#knobs.blame : 1;
    // What speaks against a host speaks only as far as the proxy was up at all.
    const ratio = (u * likely.accepted + (1 - u) * likely.down) / (u * likely.banned + (1 - u) * likely.down);
    proxy.u = (accepted + banned) / all;
    proxy.uAt = now;
    cell.g = withOdds(g, ratio ** blame);
    cell.gAt = now;
    proxy.sb += ((u * g * (1 - q)) / all) * F1 * likely.failed;
    if (cut) {
      const stillDue = (u * g * q * (1 - F1)) / all;
      if (proxy.n === 0) proxy.m = this.m0;
      proxy.m += TIME_GAIN * stillDue * Math.max(0, Math.log(elapsed) + 0.4 - this.#offset[host] - proxy.m);
    }
    if (!cell.hadSuccess && cell.tries === 3 && proxy.u > 0.5) this.#refused[host]++;
    if (proxy.u >= 0.25 || proxy.down) return false;
    if (proxy.ever) {
      this.#upTime += Math.max(0, (now - proxy.lastSuccessAt) / 2);
      this.#downs++;
    }
    proxy.down = true;
    proxy.nf = 0;
    proxy.due = now + 8;
    return true;
  }

  /**
   * How likely that is of a proxy that is down, of one that is up at a host that refuses it or accepts it; and how much of the
   * failures of the last have it.
   */
  #byKind(failure: Failure, q: number, F1: number): { down: number; banned: number; accepted: number; failed: number } {
    const { phi } = this.shape;
    switch (failure) {
      case "refused":
        return { down: REFUSING, banned: LYING, accepted: LYING, failed: 0 };
      case "answered":
        return { down: LYING, banned: 1, accepted: (1 - q) * phi, failed: phi };
      case "silent":
        // As if all the dead were silent: how many of them refuse says little about the one that was chosen.
        return { down: 1, banned: 1 - 0.985 * F1, accepted: 1 - 0.985 * F1 * (q + (1 - q) * phi), failed: 1 - phi * F1 };
      default: {
        const never: never = failure;
        throw new TypeError(`Unknown failure ${String(never)}.`);
      }
    }
  }

  /** Once a second. */
  learn(): void {
    this.shape.learn();
    // The mean time up is that of the last hours: a twentieth of it is forgotten every minute or so.
    this.#upTime *= 0.9995;
    this.#downs *= 0.9995;
  }
}

/** The likelihood whose odds are `factor` times those of `p`. */
export function withOdds(p: number, factor: number): number {
  const odds = p * factor;
  return odds / (odds + 1 - p);
}

/** How long a proxy is left alone after so many tests in a row that failed. */
export function backoff({ ever, nf }: Proxy): number {
  return ever ? Math.min(90, 8 * 1.35 ** nf) : 30 * Math.min(8, nf);
}
