import { ExitTable } from "../../src/exits/exit-table.ts";
import { PoolHealth } from "../../src/health/pool-health.ts";
import { Traffic } from "../../src/health/traffic.ts";
import type { Exit } from "../../src/model/exit.ts";
import type { ExitPoolOptions } from "../../src/model/options.ts";
import type { VerdictKind } from "../../src/model/verdict.ts";
import { Engine } from "../../src/race/engine.ts";
import type { Target } from "../../src/race/target.ts";
import { Targets } from "../../src/race/targets.ts";
import { engineRules, healthRules } from "../../src/settings.ts";
import { PoolState } from "../../src/state/pool-state.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

export const WALL = Date.UTC(2026, 0, 1);

/** The rooms of a pool that the state knows, as the pool puts them together, without anything that sends. */
export class Rooms {
  readonly clock: ManualClock;
  readonly table = new ExitTable();
  readonly health: PoolHealth;
  readonly engine: Engine;
  readonly targets: Targets;
  readonly state: PoolState;

  constructor(exits: readonly string[], options: ExitPoolOptions = {}, start: { now?: number; wallTime?: number } = {}) {
    this.clock = new ManualClock({ now: start.now ?? 0, wallTime: start.wallTime ?? WALL });
    this.health = new PoolHealth(this.table, healthRules(options));
    const parts = {
      clock: this.clock,
      table: this.table,
      health: this.health,
      traffic: new Traffic(),
      rules: engineRules(options),
      agentsOf: () => {
        throw new Error("Nothing is sent here.");
      },
      warn: () => {},
    };
    this.admit(exits);
    this.engine = new Engine(parts);
    this.targets = new Targets(this.engine, this.table, options, () => 0.5);
    this.state = new PoolState({ clock: this.clock, table: this.table, health: this.health, targets: this.targets });
  }

  /** Indices of the new ones. */
  admit(ids: readonly string[]): number[] {
    return ids.map((id) => this.table.add(exitOf(id), id));
  }

  host(host: string): Target {
    const target = this.targets.of({ method: "GET", url: `http://${host}/`, host }, undefined);
    this.state.made(target);
    return target;
  }

  attempt(target: Target, exit: number, kind: VerdictKind, latencyMs = 100): void {
    target.health.started(exit);
    target.health.ended(exit, kind, latencyMs, this.clock.now());
  }

  /** Another process, later: its monotonic clock begins anew. */
  async restart(exits: readonly string[], options: ExitPoolOptions = {}, { afterMs = 0, wallMs, closing = true }: { afterMs?: number; wallMs?: number; closing?: boolean } = {}): Promise<Rooms> {
    const text = await this.state.take(closing);
    const next = new Rooms(exits, options, { now: 777, wallTime: this.clock.wallTime() + (wallMs ?? afterMs) });
    await next.state.apply(text);
    return next;
  }
}

export function proxies(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `socks5://192.0.2.${i + 1}:1080`);
}

function exitOf(id: string): Exit {
  return { id, kind: id.startsWith("socks5:") ? "socks5" : id.startsWith("http") ? "http" : "local" };
}
