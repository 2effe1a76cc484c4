import type { Clock, Counter, Ledger, Reservation } from "../../src/index.ts";

export interface LedgerScript {
  /** What `tryReserve` answers; absent: it counts by itself. Throw to fail. */
  at?: (counters: Counter[]) => Reservation | "unknown" | undefined;
  /** What comes of `reserve`; absent: it counts by itself, after a microtask. */
  later?: (counters: Counter[], signal: AbortSignal | undefined) => Promise<Reservation> | undefined;
}

/** One call as a line: `"reserve a=5 b=1"`, `"settle 3: 5 0"`, `"observe a used 7"`, `"pause a banned 120000"`. */
export class ScriptedLedger implements Ledger {
  readonly calls: string[] = [];
  /** Units counted and not given back, by key. */
  readonly spent = new Map<string, number>();
  /** Tokens that are out. */
  readonly open = new Map<number, Counter[]>();
  script: LedgerScript;
  closed = false;
  readonly #clock: Clock;
  #tokens = 0;

  constructor(clock: Clock, script: LedgerScript = {}) {
    this.#clock = clock;
    this.script = script;
  }

  tryReserve(counters: Counter[]): Reservation | "unknown" {
    this.calls.push(`try ${text(counters)}`);
    return this.script.at?.(counters) ?? this.count(counters);
  }

  async reserve(counters: Counter[], signal?: AbortSignal): Promise<Reservation> {
    this.calls.push(`reserve ${text(counters)}`);
    return (await this.script.later?.(counters, signal)) ?? this.count(counters);
  }

  settle(token: unknown, units: number[]): void {
    const counters = this.open.get(token as number);
    if (counters === undefined) throw new Error(`token ${String(token)} was settled twice, or never given out`);
    this.calls.push(`settle ${String(token)}: ${units.join(" ")}`);
    this.open.delete(token as number);
    counters.forEach(({ key, units: reserved }, i) => this.spent.set(key, (this.spent.get(key) ?? 0) - reserved + units[i]));
  }

  observe({ key }: Counter, used: number): void {
    this.calls.push(`observe ${key} used ${used}`);
  }

  pause(key: string, untilWallMs: number, reason: "rate-limited" | "banned"): void {
    this.calls.push(`pause ${key} ${reason} ${Math.round(untilWallMs - this.#clock.wallTime())}`);
  }

  async close(): Promise<void> {
    this.calls.push(`close, ${this.open.size} open`);
    this.closed = true;
  }

  /** All or nothing, for ever: nothing turns here. */
  count(counters: Counter[]): Reservation {
    const full = counters.find(({ key, units, limit }) => (this.spent.get(key) ?? 0) + units > limit);
    if (full !== undefined) return { ok: false, limit: full.key, retryAfterMs: 1_000 };
    for (const { key, units } of counters) this.spent.set(key, (this.spent.get(key) ?? 0) + units);
    this.open.set(++this.#tokens, counters);
    return { ok: true, token: this.#tokens };
  }

  /** The calls of one kind. */
  of(kind: string): string[] {
    return this.calls.filter((call) => call.startsWith(`${kind} `)).map((call) => call.slice(kind.length + 1));
  }
}

function text(counters: Counter[]): string {
  return counters.map(({ key, units }) => `${key}=${units}`).join(" ");
}
