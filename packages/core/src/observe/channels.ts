import { channel, type Channel } from "node:diagnostics_channel";

/** What every message says: which pool it is from, and when, on the pool's own monotonic clock. */
interface Base {
  /** Names the pool inside this process: `"pool-1"`. */
  readonly pool: string;
  readonly at: number;
}

export interface LeaseAcquired extends Base {
  /** The request that it is for. */
  readonly task: string;
  readonly exit: string;
  /** The address that its requests leave by, where the exit is one of this machine's. */
  readonly localAddress: string | undefined;
  readonly target: string;
  readonly weight: number;
  readonly mode: "ephemeral" | "shared";
  readonly kind: string | undefined;
  readonly batchId: string | undefined;
  /** 1 for the first round of a request. */
  readonly attempt: number;
  /** From the request's beginning, in milliseconds. */
  readonly waitedMs: number;
  /** Given to a caller of `acquire` or `tryAcquire`: its task ends here. */
  readonly byHand: boolean;
}

export interface LeaseSettled extends Base {
  readonly task: string;
  readonly exit: string;
  readonly target: string;
  readonly verdict: string;
  readonly reason: string | undefined;
  /** From the lease to its end. */
  readonly durationMs: number;
  /** To the head of the answer, where one came. */
  readonly latencyMs: number | undefined;
  readonly kind: string | undefined;
  readonly batchId: string | undefined;
}

export interface ExitChanged extends Base {
  readonly exit: string;
  /** `undefined`: the exit as a whole. */
  readonly target: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** How long it rests, where it does. */
  readonly cooldownMs: number | undefined;
  readonly consecutiveFails: number | undefined;
}

export interface LimitUpdated extends Base {
  /** Empty for counters of an account, an instrument or the target as a whole. */
  readonly exit: string;
  readonly target: string;
  readonly limit: string;
  readonly used: number;
  readonly of: number;
  readonly utilisation: number;
  /** The threshold that it has risen above; told once, until it has fallen again. */
  readonly level: "warning" | "status" | "critical";
  /** Whose count has taken it there: our own of what was sent, or what the server's answer says. */
  readonly source: "own" | "server";
}

export interface RequestRefused extends Base {
  readonly task: string;
  readonly exit: string;
  readonly target: string;
  readonly verdict: "rate-limited" | "banned";
  readonly scope: "exit" | "account" | "target";
  readonly limit: string | undefined;
  readonly cooldownMs: number;
}

export interface BreakerChanged extends Base {
  readonly target: string;
  readonly from: "closed" | "open" | "half-open";
  readonly to: "closed" | "open" | "half-open";
  readonly reason: string;
}

export interface TaskCreated extends Base {
  readonly task: string;
  readonly target: string;
  readonly kind: string | undefined;
  readonly batchId: string | undefined;
  /** It found no exit at once. */
  readonly queued: boolean;
}

export interface TaskRequeued extends Base {
  readonly task: string;
  readonly target: string;
  readonly reason: string;
  /** Attempts of the round, all failed. */
  readonly legs: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly kind: string | undefined;
  readonly batchId: string | undefined;
}

export interface TaskSettled extends Base {
  readonly task: string;
  readonly target: string;
  readonly outcome: "answered" | "failed" | "aborted";
  readonly exit: string | undefined;
  /** Of its last attempt, where that was no success. */
  readonly reason: string | undefined;
  /** Of a request that failed: the code of the error that its caller got, where it has one. */
  readonly code: string | undefined;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly legs: number;
  readonly durationMs: number;
  readonly kind: string | undefined;
  readonly batchId: string | undefined;
}

export interface RaceSettled extends Base {
  readonly task: string;
  readonly target: string;
  readonly legs: number;
  /** `undefined`: no leg has brought an answer to hand over. */
  readonly winner: string | undefined;
  /** The address that the winner left by, where it is one of this machine's. */
  readonly localAddress: string | undefined;
  readonly latencyMs: number | undefined;
}

export interface AlertRaised extends Base {
  readonly alert: "consecutive-failures" | "ban";
  readonly exit: string;
  readonly target: string;
  readonly count: number;
}

/** One item of `pool.slots` is done. */
export interface BatchSettled extends Base {
  readonly run: string;
  readonly batchId: string;
  readonly slot: number;
  readonly cycle: number;
  /** Empty where it never had one. */
  readonly exit: string;
  readonly status: "fulfilled" | "rejected";
  /** For its exit. */
  readonly waitedMs: number;
  /** Of its worker. */
  readonly durationMs: number;
}

/** Another number of slots may work. */
export interface SlotsChanged extends Base {
  readonly run: string;
  /** As asked for. */
  readonly slots: number | "auto";
  readonly allowed: number;
  readonly limitedBy: "exits" | "backend-limit" | "items" | undefined;
}

/** Nothing is heard through any exit any more, or the first answer has come. */
export interface OutageChanged extends Base {
  readonly standing: boolean;
  /** Since when nothing had been heard, in milliseconds before this; of its end: how long it has lasted altogether. */
  readonly quietMs: number;
}

export interface Messages {
  "multihome:lease.acquired": LeaseAcquired;
  "multihome:lease.settled": LeaseSettled;
  "multihome:exit.changed": ExitChanged;
  "multihome:limit.updated": LimitUpdated;
  "multihome:request.refused": RequestRefused;
  "multihome:breaker.changed": BreakerChanged;
  "multihome:task.created": TaskCreated;
  "multihome:task.requeued": TaskRequeued;
  "multihome:task.settled": TaskSettled;
  "multihome:race.settled": RaceSettled;
  "multihome:alert.raised": AlertRaised;
  "multihome:batch.settled": BatchSettled;
  "multihome:slots.changed": SlotsChanged;
  "multihome:outage.changed": OutageChanged;
}

export type ChannelName = keyof Messages;

const make = <K extends ChannelName>(name: K): Channel<unknown, Messages[K]> => channel(name) as unknown as Channel<unknown, Messages[K]>;

/** The one source of events. Ask `hasSubscribers` before making a message: with nobody listening an event costs one look. */
export const channels = {
  leaseAcquired: make("multihome:lease.acquired"),
  leaseSettled: make("multihome:lease.settled"),
  exitChanged: make("multihome:exit.changed"),
  limitUpdated: make("multihome:limit.updated"),
  requestRefused: make("multihome:request.refused"),
  breakerChanged: make("multihome:breaker.changed"),
  taskCreated: make("multihome:task.created"),
  taskRequeued: make("multihome:task.requeued"),
  taskSettled: make("multihome:task.settled"),
  raceSettled: make("multihome:race.settled"),
  alertRaised: make("multihome:alert.raised"),
  batchSettled: make("multihome:batch.settled"),
  slotsChanged: make("multihome:slots.changed"),
  outageChanged: make("multihome:outage.changed"),
} as const;

export const CHANNEL_NAMES: readonly ChannelName[] = Object.values(channels).map(({ name }) => name as ChannelName);

let pools = 0;

/** A name for a pool, unique in this process. */
export function nextPoolName(): string {
  return `pool-${++pools}`;
}

/**
 * Calls `listener` with every message of one pool on a channel.
 * @returns takes the subscription back
 */
export function subscribe<K extends ChannelName>(name: K, pool: string, listener: (message: Messages[K]) => void): () => void {
  const handler = (message: unknown): void => {
    if ((message as Base).pool === pool) listener(message as Messages[K]);
  };
  const source = channel(name);
  source.subscribe(handler);
  return () => {
    source.unsubscribe(handler);
  };
}
