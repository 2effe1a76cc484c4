/** How a request goes about it. Nearly all go one of a few ways: a request holds one of these instead of an answer to each question. */
export interface Way {
  /** For a connection that others will travel on: no attempt among others. */
  readonly shared: boolean;
  /** Without a further attempt: leases by hand. */
  readonly single: boolean;
  /** By `tryAcquire`: does not wait for anything. */
  readonly atOnce: boolean;
  /** For a slot: an exit that serves no other. */
  readonly exclusive: boolean;
  /** Given by `submit`: rejects unless it succeeds, instead of handing the last answer on. */
  readonly strict: boolean;
  /** Neither shared, nor single, nor for a slot: what it takes is its own, and comes back with its answer. */
  readonly plain: boolean;
}

/** Sent by an adapter or `run`. */
export const PLAIN: Way = { shared: false, single: false, atOnce: false, exclusive: false, strict: false, plain: true };
export const TASK: Way = { shared: false, single: false, atOnce: false, exclusive: false, strict: true, plain: true };
export const BY_HAND: Way = { shared: false, single: true, atOnce: false, exclusive: false, strict: false, plain: false };
export const BY_HAND_AT_ONCE: Way = { shared: false, single: true, atOnce: true, exclusive: false, strict: false, plain: false };
export const SHARED: Way = { shared: true, single: true, atOnce: false, exclusive: false, strict: false, plain: false };
export const SHARED_AT_ONCE: Way = { shared: true, single: true, atOnce: true, exclusive: false, strict: false, plain: false };
export const FOR_SLOT: Way = { shared: false, single: true, atOnce: false, exclusive: true, strict: false, plain: false };
