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
