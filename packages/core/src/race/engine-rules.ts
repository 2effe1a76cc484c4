import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { ExitTable } from "../exits/exit-table.ts";
import type { PoolHealth } from "../health/pool-health.ts";
import type { Traffic } from "../health/traffic.ts";
import type { Exit } from "../model/exit.ts";
import type { Clock } from "../time/clock.ts";

/** Options of the pool as the engine uses them: in milliseconds, with every default. */
export interface EngineRules {
  readonly capacity: number;
  readonly maxAttempts: number;
  /** While a breaker is open new requests wait instead of being refused. */
  readonly queueWhenOpen: boolean;
  /** Exits are a primary and its backups. */
  readonly failover: boolean;
  /** Failures of an exit in a row that are announced. */
  readonly alertFailures: number;
  /** Credentials may go over plain http through exits from sources. */
  readonly plainCredentials: boolean;
  /** `Infinity`: none. */
  readonly timeoutMs: number;
  /** By kind of exit; `Infinity`: none. */
  readonly attemptTimeoutMs: number;
  readonly proxyAttemptTimeoutMs: number;
}

/** What an engine is made of. */
export interface EngineParts {
  clock: Clock;
  table: ExitTable;
  traffic: Traffic;
  health: PoolHealth;
  rules: EngineRules;
  agentsOf: (exit: Exit) => { http: HttpAgent; https: HttpsAgent };
  warn: (message: string, fields: object) => void;
}
