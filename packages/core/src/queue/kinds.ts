import type { KindOptions } from "../model/options.ts";
import type { KindStatus } from "../model/pool.ts";
import type { Hints } from "../model/request.ts";
import type { Share } from "./line.ts";

/** Requests without a kind, and those whose kind nobody has named. */
const DEFAULT = "default";
/** Labels that are counted apart in a pool without `kinds`; further ones count as the default. */
const MOST_LABELS = 64;
/** Unknown kinds that are warned about, one by one. */
const MOST_WARNED = 64;

/** One kind of requests: its rules, and what has become of them. */
export class Kind {
  readonly name: string;
  priority = 0;
  /** Its place in a line. Kinds without rules of their own share the default's: a label changes no order. */
  share: Share = { weight: 1 };
  /** Share of each window kept for it … */
  reserve = 0;
  /** … and kept from it, for all others together. */
  kept = 0;
  requests = 0;
  waiting = 0;
  inFlight = 0;
  completed = 0;
  failed = 0;
  rateLimited = 0;
  /** How long all of them together waited for their first turn. */
  waitedMs = 0;
  readonly #weight = { weight: 1 };

  constructor(name: string) {
    this.name = name;
  }

  set rules({ priority = 0, weight = 1, reserve = 0 }: KindOptions) {
    this.priority = priority;
    this.#weight.weight = weight;
    this.share = this.#weight;
    this.reserve = reserve;
  }

  get status(): KindStatus {
    const { priority, share, reserve, requests, waiting, inFlight, completed, failed, rateLimited } = this;
    const served = requests - waiting;
    return { priority, weight: share.weight, reserve, requests, waiting, inflight: inFlight, completed, failed, rateLimited, avgWaitMs: served <= 0 ? 0 : Math.round((this.waitedMs / served) * 10) / 10 };
  }
}

/** Hints come from callers: what is no number does not order anything. */
export function priorityOf(hints: Hints | undefined, kind: Kind): number {
  const given = hints?.priority;
  return typeof given === "number" && !Number.isNaN(given) ? given : kind.priority;
}

/** The kinds of a pool, by name. */
export class Kinds {
  readonly #default = new Kind(DEFAULT);
  readonly #byName = new Map<string, Kind>([[DEFAULT, this.#default]]);
  readonly #warned = new Set<string>();
  readonly #warn: (message: string, fields: object) => void;
  #named: ReadonlySet<string> = new Set();
  /** Something is kept for some of them. */
  reserving = false;

  constructor(warn: (message: string, fields: object) => void) {
    this.#warn = warn;
  }

  /** Counts go on. */
  update(options: Record<string, KindOptions> = {}): void {
    this.#named = new Set(Object.keys(options));
    for (const name of this.#named) if (!this.#byName.has(name)) this.#byName.set(name, new Kind(name));
    this.#default.rules = options[DEFAULT] ?? {};
    for (const kind of this.#byName.values()) {
      if (this.#named.has(kind.name)) {
        kind.rules = options[kind.name];
      } else if (kind !== this.#default) {
        kind.rules = options[DEFAULT] ?? {};
        kind.share = this.#default.share;
        kind.reserve = 0;
      }
    }
    let reserved = 0;
    for (const { reserve } of this.#byName.values()) reserved += reserve;
    this.reserving = reserved > 0;
    // Rounded: 0.3 is no less than what 0.1 and 0.2 leave of it.
    for (const kind of this.#byName.values()) kind.kept = Math.round((reserved - kind.reserve) * 1e9) / 1e9;
  }

  of(name: string | undefined): Kind {
    if (typeof name !== "string") return this.#default;
    return this.#byName.get(name) ?? this.#unknown(name);
  }

  /** In the order in which they became known; none is ever forgotten. */
  [Symbol.iterator](): IterableIterator<Kind> {
    return this.#byName.values();
  }

  get status(): Record<string, KindStatus> {
    return Object.fromEntries([...this.#byName.values()].map((kind) => [kind.name, kind.status]));
  }

  #unknown(name: string): Kind {
    if (this.#named.size > 0) {
      if (!this.#warned.has(name) && this.#warned.size < MOST_WARNED) {
        this.#warned.add(name);
        this.#warn(`The kind "${name.slice(0, 80)}" is none of options.kinds; its requests are treated as those without a kind.`, { kind: name.slice(0, 80) });
      }
      return this.#default;
    }
    if (this.#byName.size > MOST_LABELS || name.length > 200) return this.#default;
    const label = new Kind(name);
    label.share = this.#default.share;
    this.#byName.set(name, label);
    return label;
  }
}
