import type { ChannelName, Messages } from "../observe/channels.ts";
import type { SocketCounts } from "../observe/socket-counts.ts";
import type { Clock } from "../time/clock.ts";
import type { Duration } from "../time/duration.ts";
import type { Cause, Decision } from "./decision.ts";
import type { Exit } from "./exit.ts";
import type { Dispatch, Driver, Lease, Transport } from "./lease.ts";
import type { LimitScope } from "./limits.ts";
import type { ExitDetails, PoolOverview } from "./overview.ts";
import type { ExitPoolOptions } from "./options.ts";
import type { Hints, RequestInfo } from "./request.ts";
import type { SlotBatch, SlotOptions, SlotRun, SlotsStatus } from "./slots.ts";
import type { MapOptions, Settled, TaskHandle } from "./task.ts";

export interface RunOptions {
  signal?: AbortSignal;
  /** Overrides `queue.timeout`. */
  timeout?: Duration | false;
  hints?: Hints;
}

export interface AcquireOptions {
  signal?: AbortSignal;
  /** How long to wait. Overrides `queue.timeout`. */
  timeout?: Duration | false;
  hints?: Hints;
  /** `shared`: for a long-lived connection; counts as one, and leaves the exit to other requests. @default "ephemeral" */
  mode?: "ephemeral" | "shared";
}

/**
 * Why a request cannot be sent now: `not-ready`, `no-exit`, `circuit-open`, `in-flight`, `spacing`, `limit:<name>`,
 * `cooldown`, `banned`, `dead`, `over-quota`, `ledger-pending`.
 */
export type RefusalReason = string;

export type TryAcquireResult = { granted: true; lease: Lease } | { granted: false; reason: RefusalReason; retryAfterMs: number };

export interface WeightReport {
  weight: number;
  /** Every counter that this request moves. */
  charges: { limit: string; units: number; of: number; perMs: number; scope: LimitScope; key?: string }[];
  breakdown: { base: number; additions: number; total: number };
  rule?: { table: string; asOf?: string; source: string };
  warnings: string[];
  suggestions: { change: string; weight: number; saves: number }[];
}

export interface WeightAnalysis {
  totalRequests: number;
  highWeightRequests: number;
  averageWeight: number;
  opportunities: { endpoint: string; count: number; change: string; saves: number }[];
  drift: { endpoint: string; table: number; observed: number; samples: number }[];
  tips: string[];
}

export interface ExitStatus {
  status: "active" | "warning" | "cooldown" | "banned" | "dead" | "unknown";
  limits: { name: string; used: number; limit: number; utilisation: number; resetsInMs: number }[];
  warnings: number;
  untilMs?: number;
  success: number;
  fail: number;
  successRate: number;
  avgLatencyMs: number;
  consecutiveFails: number;
  inflight: number;
  /** What the exit is doing, at any target: nothing; sending; resting here; or only holding long-lived connections, and free for requests. */
  state: "idle" | "busy" | "cooling" | "long-lived";
  /** So many at once at most, after it was refused again and again; absent: any number. */
  carries?: number;
  /** What the adaptive policy believes of it at this target. */
  belief?: ExitBelief;
}

/** What the adaptive policy believes of an exit at a target. */
export interface ExitBelief {
  /** Likelihood that it works, from 0 to 1. */
  up: number;
  /** Likelihood that this target accepts it. */
  accepts: number;
  /** How long its answers take to their heads. */
  typicalMs: number;
  /** How long an answer is waited for when there are more requests than places. */
  cutMs: number;
  /** It is among those that requests leave by; else it is only tested. */
  chosen: boolean;
  /** Until it is due for a test; less where a request waits without an exit. */
  testedInMs?: number;
  /** The same for people: "up with 92 %, answers this host with 88 %, typically 1.2 s, …; chosen where none is worth more: 66 % of its attempts should succeed". */
  words: string;
}

/** What has become of the requests of one kind; leases by hand count as requests that are in flight while they are held. */
export interface KindStatus {
  priority: number;
  weight: number;
  reserve: number;
  requests: number;
  waiting: number;
  inflight: number;
  completed: number;
  failed: number;
  /** Attempts that were refused with 429. */
  rateLimited: number;
  /** From the request to its first exit. */
  avgWaitMs: number;
}

export interface PoolStatus {
  exits: { total: number; healthy: number; cooldown: number; banned: number; dead: number };
  tasks: { pending: number; completed: number; failed: number };
  /** Requests that were answered, per second, over the last 1, 10 and 60 seconds. */
  throughput: { s1: number; s10: number; s60: number };
  successRate1m: number;
  avgLatencyMs: number;
  inflight: number;
  switches: number;
  breakers: Record<string, "closed" | "open" | "half-open">;
  /** There while nothing is heard through any exit, under the adaptive policy: for how long, in milliseconds. */
  outage?: { quietMs: number };
  /** There where the user gave one: calls of it that failed. */
  ledger?: { faults: number };
  /** By name; `default` is for requests without a kind. */
  kinds: Record<string, KindStatus>;
  /** Of `pool.slots`, over all runs that go on; `runs` has each of them. */
  slots: SlotsStatus;
  /** At most 1,000 exits each, the busiest and the most troubled; `omitted` says how many are not shown. */
  targets: Record<string, { exits: Record<string, ExitStatus> }>;
  omitted: number;
}

/** A limit of which the exchange says something else than the pool. */
export interface LimitChange {
  limit: string;
  pool: number;
  exchange: number;
  /** It is smaller, and counts from now on. */
  taken: boolean;
}

export interface Explanation {
  target: string;
  weight: WeightReport;
  breaker: "closed" | "open" | "half-open";
  /** Requests that wait for the target. */
  queued: number;
  /** At most 1,000. */
  exits: ExplainedExit[];
  /** Until the first of them could take it; `Infinity` where none ever can. What waits before it is not counted in. */
  wouldWaitMs: number;
  /** The exit that the request's affinity key belongs to here and now. Where it is not usable the request waits for it, half a minute at most. */
  affinity?: { id: string; usable: boolean; reason?: RefusalReason; retryAfterMs?: number };
  /** What paused the target as a whole, where something has, and for how long still. */
  paused?: { forMs: number; cause?: Cause };
  /** The account that the request is of, where the target keeps that away, whichever exit it leaves by. */
  pausedAccount?: { label: string; forMs: number };
  /** What the request takes of counters that are the same for every exit: its account's, everybody's. `of` says whose, as a label without the account's name. */
  common?: { name: string; of: string; needs: number; used: number; limit: number; resetsInMs: number }[];
}

export interface ExplainedExit {
  id: string;
  usable: boolean;
  /** Where it is not. */
  reason?: RefusalReason;
  retryAfterMs?: number;
  /** What brought its cooldown, pause, ban or death, where this process has seen it. */
  cause?: Cause;
  /** Attempts in flight through it, over all targets. */
  inflight: number;
  carries?: number;
  /** Of its own limits, those that the request counts on: what is used, and when they turn or have drained. */
  limits?: { name: string; needs: number; used: number; limit: number; resetsInMs: number }[];
  /** What the adaptive policy believes of it. */
  belief?: ExitBelief;
  /** Its parts are weighed 0.5, 0.3, 0.2. */
  score?: { affinity: number; global: number; recency: number; total: number };
}

export interface ExitPool extends AsyncDisposable {
  /**
   * Addresses bound once. Rejects with `MH_ERR_NO_EXIT` when no exit is left. Requests made earlier wait for it, so there
   * is no need to call it; a program that calls it learns of mistakes at its start.
   */
  ready(): Promise<void>;
  /** Sends one request through a transport of your own, and answers with what the last attempt brought. */
  run<R>(request: RequestInfo, transport: Transport<R>, options?: RunOptions): Promise<R>;
  /** The level beneath `run`, for adapters: synchronous, callbacks, no promise, no signal. */
  drive(request: RequestInfo, driver: Driver, options?: RunOptions): Dispatch;
  /**
   * Gives a request to the pool as a task: settles once, as a success or with the reason. Rejects with
   * `MH_ERR_MAX_ATTEMPTS` where `run` would hand on the last answer.
   * @throws PoolFullError, ClosedError; whatever else goes wrong rejects the handle
   */
  submit<R>(request: RequestInfo, transport: Transport<R>, options?: RunOptions): TaskHandle<R>;
  /** All of them, or a `PoolFullError` and none. */
  submitAll<R>(requests: RequestInfo[], transport: Transport<R>, options?: RunOptions): TaskHandle<R>[];
  /** Works through any iterable, a few items at a time, as fast as the results are fetched. Takes no place in the queue itself. */
  map<T, R>(items: Iterable<T> | AsyncIterable<T>, fn: (item: T, signal: AbortSignal) => Promise<R>, options?: MapOptions): AsyncIterable<Settled<T, R>>;
  /** Waits for a lease. */
  acquire(request: RequestInfo, options?: AcquireOptions): Promise<Lease>;
  /** A lease at once, or why not and when it is worth asking again. */
  tryAcquire(request: RequestInfo, options?: AcquireOptions): TryAcquireResult;
  /** All or none. */
  tryAcquireAll(requests: RequestInfo[], options?: AcquireOptions): TryAcquireResult[];
  /** Hints for every request made inside `fn`, however deep. */
  with<T>(hints: Hints, fn: () => T): T;
  /**
   * Works through the items with so many slots, each like a program of its own with one address: take an item, lease an exit, run
   * the worker, wait, repeat. An exit serves one slot at a time, and the whole pool is walked. Requests that the worker makes leave
   * by the exit of its slot. `docs/slots.md` has the rules.
   * @throws MultihomeError `MH_ERR_CONFIG` with every wrong option; ClosedError
   */
  slots<T, R = unknown>(items: Iterable<T> | AsyncIterable<T>, worker: (item: T, lease: Lease, batch: SlotBatch) => Promise<R>, options: SlotOptions<T>): SlotRun<T, R>;
  /** What a request would cost, and why. */
  weigh(request: RequestInfo): WeightReport;
  /**
   * Takes over what an exchange says of its limits: the body of Binance's `exchangeInfo`, as an object or text. Limits that are
   * smaller than the pool's hold at once; larger ones are only reported, because a table may know better.
   * @throws TypeError where the pool has no target of that name
   */
  readLimits(target: string, exchangeInfo: unknown): LimitChange[];
  /** What was really sent, and how it could have cost less. */
  weightReport(): WeightAnalysis;
  /** Whether the request could be sent now, by which exits, and why not by the others. Changes nothing. */
  explain(request: RequestInfo): Explanation;
  /**
   * What was decided about one of the last 256 requests, by its name in events or its handle's `id`; of one that waits also what
   * each exit would say to it now. Requests are remembered from the first call of this or `decisions` on.
   */
  explain(task: string): Decision | undefined;
  /** The last 256 requests, oldest first: what they waited for, which exits they left by and why, what came of it. Remembered from the first call on. */
  decisions(): Decision[];
  status(): PoolStatus;
  /** The whole pool at this moment as sums and columns, every exit included: cheap enough to be asked every second at 20,000 exits. */
  overview(): PoolOverview;
  /** All that is known of one exit, by its id, at every target; `undefined` where the pool has none of that name. */
  inspect(exit: string): ExitDetails | undefined;
  /** Objects merge by key, arrays replace; counters and bans survive. `clock`, `random`, `ledger` and `state.file` cannot change. */
  update(change: Partial<ExitPoolOptions>): void;
  /**
   * Calls `listener` with this pool's messages on a channel; `docs/diagnostics.md` lists them. A listener that throws is
   * warned about and changes nothing.
   * @returns takes the subscription back; the pool's close does too
   */
  on<K extends string>(name: K, listener: (message: K extends ChannelName ? Messages[K] : never) => void): () => void;
  /**
   * Refuses what waits, lets what runs end for up to `drain`, stops the rest, closes every socket.
   * @param options.drain default "500ms": long enough for answers on their way, short enough to end a program with
   */
  close(options?: { drain?: Duration }): Promise<void>;
  readonly adapterHost: AdapterHost;
}

/** What an adapter may know of the pool that it serves. */
export interface AdapterHost {
  /** TCP, proxy handshake and TLS together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** The user's options for the agent or connection of an exit, where given. */
  agentOptions(exit: Exit): object | undefined;
  /** Hints of the innermost `pool.with` around the caller. */
  hints(): Hints | undefined;
  /** Called once when the pool closes, after its last lease. The answer takes the registration back. */
  onClose(release: () => void | Promise<void>): () => void;
  readonly closed: boolean;
  readonly clock: Clock;
  /** Refuses options of an adapter that there are not. @throws MultihomeError `MH_ERR_CONFIG` that names those that there are */
  checkOptionNames(owner: string, options: unknown, names: Readonly<Record<string, true>>): void;
  /** Most sockets that may stay open over all exits, idle ones included. */
  readonly maxSockets: number;
  /** Counts them, for `connectThrough`. */
  readonly sockets: SocketCounts;
}
