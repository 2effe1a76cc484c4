import type { Explanation, RefusalReason } from "./pool.ts";
import type { VerdictKind } from "./verdict.ts";

/** What a pool has decided about one request, for people who ask why. */
export interface Decision {
  /** Its name in events, and `id` of the handle that `submit` gave. */
  task: string;
  method: string;
  target: string;
  /** Without its query, which may hold keys. */
  path: string;
  kind?: string;
  batchId?: string;
  weight: number;
  /** Since it was made, in milliseconds. */
  agoMs: number;
  /** `leased`: given to a caller of `acquire`. */
  state: "waiting" | "running" | "leased" | "answered" | "failed" | "aborted";
  /** From its beginning to its decision; absent before that. */
  tookMs?: number;
  /** What it waited for, and for how long. The reason is the one that stood when the waiting began. */
  waits: { reason: RefusalReason; ms: number }[];
  /** Its attempts, the first and the latest where there were many. */
  attempts: DecidedAttempt[];
  /** More attempts than are told of. */
  attemptsLeftOut: number;
  /** Of one that waits: what each exit would say to it now. */
  now?: Explanation;
}

export interface DecidedAttempt {
  exit: string;
  /** 1 for the first round; the legs of a race share theirs. */
  round: number;
  /** Since the request's beginning, in milliseconds. */
  atMs: number;
  /** Why it left by this exit. */
  why: string;
  /** Absent while it is out. */
  verdict?: VerdictKind;
  reason?: string;
  /** From its start to its end. */
  ms?: number;
}

/** What has made an exit, or a target as a whole, keep away. */
export interface Cause {
  /** How long ago, in milliseconds. */
  agoMs: number;
  reason: string;
  /** The request that brought it: method and path without query. */
  request: string;
  task: string;
  /** What the server asked for, where it did. */
  retryAfterMs?: number;
}
