import type { LimitSpec } from "./world.ts";

/** What arrives at the target, where it counts. */
export interface Arrival {
  at: number;
  exit: string;
  account: string | undefined;
  weight: number;
}

interface Counted {
  at: number;
  units: number;
}

/** One limit as the target counts it: by its own clock, every arrival at the moment of its sending. */
class LimitJudge {
  spec: LimitSpec;
  readonly #rows = new Map<string, Counted[]>();
  readonly #serverEpoch: number;

  constructor(spec: LimitSpec, serverEpoch: number) {
    this.spec = spec;
    this.#serverEpoch = serverEpoch;
  }

  /** @returns what is wrong */
  count({ at, exit, account, weight }: Arrival): string | undefined {
    const { align, limit, perMs, scope, unit } = this.spec;
    if (scope === "account" && account === undefined) return undefined;
    const row = scope === "exit" ? exit : scope === "account" ? (account as string) : "";
    let log = this.#rows.get(row);
    if (log === undefined) this.#rows.set(row, (log = []));
    log.push({ at, units: unit === "weight" ? weight : 1 });
    const used = align === "bucket" ? this.#level(log) : this.#used(log, at);
    return used > limit + 1e-6 ? `${unit} ${align} ${scope} limit ${limit} in ${perMs} ms: ${used} used of ${row}` : undefined;
  }

  /** A bucket that has another size begins anew: what the old one had left is nobody's business. */
  resize(limit: number): void {
    this.spec = { ...this.spec, limit };
    if (this.spec.align === "bucket") this.#rows.clear();
  }

  #used(log: readonly Counted[], now: number): number {
    const { align, perMs } = this.spec;
    const from = align === "fixed" ? Math.floor((now + this.#serverEpoch) / perMs) * perMs - this.#serverEpoch : now - perMs + 1e-6;
    return log.reduce((sum, { at, units }) => (at >= from ? sum + units : sum), 0);
  }

  #level(log: readonly Counted[]): number {
    const { limit, perMs } = this.spec;
    let level = 0;
    let before = -Infinity;
    for (const { at, units } of log) {
      level = Math.max(0, level - ((at - before) * limit) / perMs) + units;
      before = at;
    }
    return level;
  }
}

/** Counts all limits of a target from what arrives there, and knows whom it has told to stay away. */
export class Judge {
  readonly #serverEpoch: number;
  #limits: LimitJudge[];
  readonly #away = new Map<string, { until: number; since: number }>();

  constructor(limits: readonly LimitSpec[], serverEpoch: number) {
    this.#serverEpoch = serverEpoch;
    this.#limits = limits.map((spec) => new LimitJudge(spec, serverEpoch));
  }

  arrived(arrival: Arrival): string | undefined {
    for (const limit of this.#limits) {
      const wrong = limit.count(arrival);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  resize(limits: readonly LimitSpec[]): void {
    const before = this.#limits;
    this.#limits = limits.map((spec, i) => {
      if (before[i] === undefined) return new LimitJudge(spec, this.#serverEpoch);
      before[i].resize(spec.limit);
      return before[i];
    });
  }

  keepAway(exit: string, until: number, now: number): void {
    const before = this.#away.get(exit);
    if (before === undefined || before.until < until) this.#away.set(exit, { until, since: before !== undefined && before.until > now ? before.since : now });
  }

  /** @param since only where that was said before */
  awayUntil(exit: string, since = Infinity): number {
    const away = this.#away.get(exit);
    return away === undefined || away.since >= since ? 0 : away.until;
  }
}
