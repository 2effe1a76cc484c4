import type { Clock } from "../time/clock.ts";
import type { Duration } from "../time/duration.ts";
import type { Exit } from "./exit.ts";
import type { Charge, Ledger, Limit } from "./limits.ts";
import type { RequestInfo } from "./request.ts";
import type { Classify, Feedback } from "./response.ts";

export interface ExitPoolOptions {
  exits?: ExitsOptions;
  /** Rules by name. A target is a group of hosts that share limits. */
  targets?: Record<string, TargetOptions>;
  /** For every host that no target names; each such host is a target of its own. */
  defaults?: TargetOptions;
  /**
   * Attempts in flight over all exits; a given number counts local ones too. Shared leases never count.
   * @default 100 through proxies, no limit for local exits
   */
  maxInFlight?: number;
  /**
   * Attempts in flight on one exit.
   * @default null (no limit)
   */
  perExitInFlight?: number | null;
  queue?: QueueOptions;
  health?: HealthOptions;
  backoff?: BackoffOptions;
  alerts?: AlertOptions;
  /**
   * TCP, proxy handshake and TLS together.
   * @default "8s"
   */
  connectTimeout?: Duration;
  /**
   * One attempt, from its start to the head of the answer.
   * @default "8s" through proxies, false on local exits
   */
  attemptTimeout?: Duration | false;
  /** Named task kinds. */
  kinds?: Record<string, KindOptions>;
  /** Where bans, pauses and what is known about exits survive a restart. */
  state?: { file: string; saveEvery?: Duration };
  /**
   * How often a line with the pool's condition is logged.
   * @default "30s"
   */
  summaryEvery?: Duration | false;
  /**
   * Where quotas are counted.
   * @default this process
   */
  ledger?: Ledger;
  logger?: Logger;
  clock?: Clock;
  /** Numbers in [0, 1). */
  random?: () => number;
}

export interface ExitsOptions {
  /**
   * Addresses, CIDR ranges and interface names of this machine, or `"auto"`: the addresses of its real interfaces.
   * Private addresses that `"auto"` finds share one quota, as do the addresses of one IPv6 /64: they may leave by one
   * public address. Listed ones count each for itself. A CIDR of at most 4,096 addresses stands for those of them that
   * can be bound, a larger one for this machine's addresses inside it.
   * @default "auto", but false as soon as proxies or sources are named
   */
  local?: "auto" | false | string[];
  /** Addresses, ranges and interfaces never to use. */
  exclude?: string[];
  /**
   * Exits from sources are not the user's own: a plain-http request with credentials through one is refused
   * (`MH_ERR_PLAIN_CREDENTIALS`) unless this is true.
   * @default false
   */
  plainCredentials?: boolean;
  /** `socks5://user:pass@host:port`, `socks5h://`, `http://`, `https://`. Names are always resolved by the proxy. */
  proxies?: string[];
  /** URLs or paths of lists with one proxy a line. */
  sources?: (string | ExitSource)[];
  /** @default "10m" */
  refreshEvery?: Duration;
  /**
   * `rotate`: the least recently used among those with room. `adaptive`: by what an attempt is worth, from what is believed about each exit.
   * `score`: by success rate. `random`. `failover`: in the given order, on after a ban, a full window or 3 warnings.
   * @default "rotate" for local exits, "adaptive" for proxies
   */
  strategy?: "rotate" | "adaptive" | "score" | "random" | "failover";
  /** What the target sees; exits with the same answer share quota. */
  egress?: (exit: Exit) => string;
  /** Options for the `http.Agent` or undici connection of an exit. */
  agentOptions?: (exit: Exit) => object;
}

/** A list of proxies of the user's own making. */
export interface ExitSource {
  name: string;
  read(signal: AbortSignal): Promise<string[]> | AsyncIterable<string>;
}

export interface QueueOptions {
  /**
   * Requests that may wait for one target.
   * @default 1000
   */
  capacity?: number;
  /**
   * Rounds; a race of three legs is one.
   * @default 5
   */
  maxAttempts?: number;
  /**
   * From a request's place in the queue to the head of its answer; on local exits it covers the waiting only.
   * @default "60s"
   */
  timeout?: Duration | false;
  /**
   * What becomes of new requests while the target's breaker is open.
   * @default "reject"
   */
  onOpen?: "reject" | "queue";
}

export interface HealthOptions {
  /**
   * Outcomes that a success rate looks back on.
   * @default 30
   */
  window?: number;
  /**
   * Failures in a row at one target after which an exit rests there.
   * @default 3
   */
  cooldownAfter?: number;
  /** @default "30s" */
  cooldownBase?: Duration;
  /** @default "300s" */
  cooldownMax?: Duration;
  /**
   * An exit is dead after that many outcomes without one success, over all targets.
   * @default 30
   */
  deadAfterSamples?: number;
  /**
   * Share of exits that cooldowns may take out of a target, 0 to 1.
   * @default 0.5 of local exits and never the last one, 1 of proxies
   */
  maxEjected?: number;
}

export interface BackoffOptions {
  /**
   * First pause after a 429 that does not say how long; doubles.
   * @default "500ms"
   */
  rateLimited?: Duration;
  /**
   * First pause of a local exit after a timeout; doubles.
   * @default "250ms"
   */
  timeout?: Duration;
  /**
   * Longest pause that is not a ban.
   * @default "1h"
   */
  max?: Duration;
  /** @default "120s" */
  banMin?: Duration;
  /** @default "3d" */
  banMax?: Duration;
}

export interface AlertOptions {
  /** Share of a limit at which an exit's use is announced. @default 0.7 */
  utilisationWarning?: number;
  /** @default 0.9 */
  utilisationCritical?: number;
  /** Failures in a row of one exit that are announced. @default 5 */
  consecutiveFailures?: number;
}

export interface KindOptions {
  /** Higher goes first. @default 0 */
  priority?: number;
  /** Share among kinds of equal priority. @default 1 */
  weight?: number;
  /** Share of each window kept for this kind, 0 to 1. @default 0 */
  reserve?: number;
}

export interface TargetOptions {
  /**
   * `"api.binance.com"`, `"*.sse.com.cn"`, `"127.0.0.1:8080"`. Compared in lower case, and without the port unless one is
   * given. The most specific pattern wins; `"*.x"` does not mean `"x"`.
   * @default the target's name
   */
  hosts?: string | string[];
  /**
   * Least time between two sends of one exit.
   * @default "500ms" through proxies, 0 on local exits
   */
  spacing?: Duration;
  /** When given, these replace the limits that the weight table brings. */
  limits?: Limit[];
  /**
   * What a request costs: a table, or a function whose number is weight on every limit of unit "weight" and whose charges
   * say it limit by limit.
   * @default 1
   */
  weights?: WeightTable | ((request: RequestInfo) => number | Charge[]);
  /** What the target says it has counted. @default the X-MBX-USED-WEIGHT and X-MBX-ORDER-COUNT headers */
  feedback?: Feedback;
  classify?: Classify;
  /** Whose account limits apply, for example the API key. */
  account?: (request: RequestInfo) => string | undefined;
  /** The server's clock minus ours, where it is known. @default learnt from Date headers */
  serverOffset?: Duration;
  race?: RaceOptions;
  breaker?: { threshold?: number; probeEvery?: Duration };
  /** Most attempts in flight to this target, shared leases included. */
  backendLimit?: number;
  /** What a ban does beyond resting its exit; a second ban within 60 s pauses the target in any case. @default "rotate" */
  onBan?: "rotate" | "pause";
}

export interface RaceOptions {
  /** @default "off" on local exits, "adaptive" through proxies */
  mode?: "adaptive" | "race" | "hedge" | "off";
  /** Most legs. In mode `adaptive` the most that are out at a time, 6 where it is not given, and 3 a request on average. @default 3 */
  width?: number;
  /** Before a hedge's further leg. @default "p95" */
  delay?: Duration | "p95";
  /** Methods that may be sent more than once. @default GET, HEAD, OPTIONS without a body */
  methods?: string[];
}

/** A rule table as JSON; its schema is `@multihome/core/weights.schema.json`. */
export type WeightTable = object;

export type Logger = Record<"debug" | "info" | "warn" | "error", (fields: object, message: string) => void>;
