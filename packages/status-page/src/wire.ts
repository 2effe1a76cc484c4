// What the page and its server say to each other. Imports nothing: it is compiled for both.

/** How bad it is; the page adds a sign and a word to the colour. */
export type Level = "idle" | "good" | "warning" | "bad";

/** Once a second, to everybody who looks. */
export interface Frame {
  /** Counts up; `columns` are asked for by it. */
  readonly seq: number;
  /** Epoch milliseconds of the server. */
  readonly at: number;
  /** The pool's own clock, which `untilAt` is on. */
  readonly clock: number;
  readonly pool: string;
  /** Changes when exits came or went: their names are to be read anew. */
  readonly revision: number;
  readonly exits: { readonly total: number; readonly healthy: number; readonly cooldown: number; readonly banned: number; readonly dead: number };
  /** Answers a second: of the last whole second, and on average. */
  readonly perSecond: { readonly s1: number; readonly s10: number; readonly s60: number };
  /** Share of attempts in the last minute; absent where there was none. */
  readonly success: number | undefined;
  readonly attempts1m: number;
  /** From asking to the head of the answer, waiting included, over the last minute; absent where nothing was answered since somebody looks. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly samples: number } | undefined;
  readonly inflight: number;
  readonly waiting: number;
  readonly completed: number;
  readonly failed: number;
  /** In the last five minutes. */
  readonly refused: { readonly rateLimited: number; readonly banned: number };
  readonly limiting: { readonly level: Level; readonly text: string };
  readonly targets: readonly TargetFrame[];
  /** Lists that proxies come from; at most 20. */
  readonly sources: readonly SourceFrame[];
  /** Targets that are not shown. */
  readonly moreTargets: number;
  readonly races: RaceFrame;
  /** What happened since the last frame, oldest first. */
  readonly events: readonly EventFrame[];
  readonly point: Point;
}

export interface TargetFrame {
  readonly name: string;
  readonly breaker: "closed" | "open" | "half-open";
  readonly breakerReason?: string;
  readonly nextProbeInMs?: number;
  readonly waiting: number;
  readonly inflight: number;
  readonly pausedForMs: number;
  readonly pausedBy?: CauseFrame;
  readonly pausedAccounts: readonly { readonly label: string; readonly forMs: number; readonly reason: string }[];
  /** Of so many exits, those that the adaptive policy sends by; the others are only tested. */
  readonly chosen?: { readonly asked: number; readonly exits: number };
  readonly limits: readonly LimitFrame[];
}

export interface SourceFrame {
  readonly name: string;
  readonly up: boolean;
  readonly proxies: number;
  readonly rejected: number;
  readonly readAgoMs?: number;
  readonly trouble?: string;
}

export interface LimitFrame {
  readonly name: string;
  readonly unit: string;
  readonly scope: "exit" | "account" | "target";
  readonly limit: number;
  readonly perMs: number;
  readonly exits: number;
  /** Of limits that do not count by exit: counters with something in them, and the fullest. */
  readonly named: number;
  readonly fullest: readonly CounterFrame[];
  readonly usedUp: number;
  readonly mean: number;
  readonly most: number;
  readonly turnsInMs: number;
}

export interface CounterFrame {
  /** Whose it is: an account's label, never its name. */
  readonly label: string;
  readonly used: number;
  readonly resetsInMs: number;
  readonly pausedForMs: number;
}

export interface RaceFrame {
  /** Settled in the last minute. */
  readonly settled1m: number;
  readonly legs1m: number;
  /** The newest first, at most 12; without a winner where no leg brought an answer. */
  readonly last: readonly { readonly at: number; readonly target: string; readonly legs: number; readonly winner?: string; readonly latencyMs?: number }[];
}

export interface EventFrame {
  readonly id: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly level: Level;
  readonly kind: "refused" | "exit" | "breaker" | "alert" | "limit";
  readonly text: string;
  /** One exit that it is about: of several, the first. */
  readonly exit?: string;
  readonly count: number;
}

/** Of the charts: epoch seconds, answers a second, refusals in that second, p50 and p99 over ten seconds. */
export type Point = readonly [at: number, perSecond: number, refused: number, p50: number | null, p99: number | null];

/** First of all to each who looks. */
export interface Hello {
  readonly points: readonly Point[];
  readonly events: readonly EventFrame[];
  readonly frame: Frame;
  /** Names of the states in `columns`. */
  readonly states: readonly string[];
}

/** The names of all exits, in the order of the columns. */
export interface ExitNames {
  readonly revision: number;
  readonly ids: readonly string[];
}

/** One exit, looked at closely. */
export interface ExitFrame {
  readonly id: string;
  readonly kind: string;
  readonly address?: string;
  readonly targets: readonly ExitTargetFrame[];
}

export interface ExitTargetFrame {
  readonly name: string;
  readonly status: string;
  readonly untilMs?: number;
  readonly limits: readonly { readonly name: string; readonly used: number; readonly limit: number; readonly utilisation: number; readonly resetsInMs: number }[];
  readonly success: number;
  readonly fail: number;
  readonly warnings: number;
  readonly avgLatencyMs: number;
  readonly consecutiveFails: number;
  readonly inflight: number;
  /** The newest first. */
  readonly outcomes: readonly boolean[];
  readonly score: number;
  readonly sinceSuccessMs?: number;
  /** After it was refused again and again: so many at once at most. */
  readonly carries?: number;
  /** What the adaptive policy thinks of it, in words. */
  readonly belief?: string;
  readonly cause?: CauseFrame;
}

/** The answer that made an exit keep away. */
export interface CauseFrame {
  readonly agoMs: number;
  readonly reason: string;
  /** Method and path. */
  readonly request: string;
}

/** One of the last requests. */
export interface RequestFrame {
  readonly task: string;
  readonly method: string;
  readonly target: string;
  /** Without its query. */
  readonly path: string;
  readonly kind?: string;
  readonly weight: number;
  readonly agoMs: number;
  readonly state: "waiting" | "running" | "leased" | "answered" | "failed" | "aborted";
  readonly tookMs?: number;
  readonly waits: readonly { readonly reason: string; readonly ms: number }[];
  readonly attempts: readonly { readonly exit: string; readonly round: number; readonly why: string; readonly verdict?: string; readonly reason?: string; readonly ms?: number }[];
  readonly attemptsLeftOut: number;
}

/** An answer of `pool.explain`, shortened: exits with the same reason are counted, and named up to a handful. */
export interface ExplainFrame {
  readonly target: string;
  readonly text: readonly { readonly level: Level; readonly text: string }[];
  readonly weight: number;
  readonly charges: readonly { readonly limit: string; readonly units: number; readonly of: number; readonly perMs: number; readonly scope: string }[];
  /** Counters that are the same for every exit: the account's, everybody's. */
  readonly common: readonly { readonly name: string; readonly of: string; readonly needs: number; readonly used: number; readonly limit: number; readonly resetsInMs: number }[];
  readonly rule?: string;
  readonly warnings: readonly string[];
  readonly suggestions: readonly string[];
  readonly groups: readonly { readonly reason: string; readonly text: string; readonly usable: boolean; readonly exits: number; readonly retryAfterMs?: number; readonly names: readonly string[]; readonly cause?: CauseFrame }[];
  readonly asked: number;
}

/**
 * `columns`, little endian: a head of six 32-bit numbers (COLUMNS_MAGIC, revision, seq, rows, 1 where all rows are there,
 * exits in all), then for the rows that changed: index u32, success u32, fail u32, milliseconds until it rests no longer u32,
 * inflight u16, average latency in ms u16, state u8, load u8.
 */
export const COLUMNS_MAGIC = 0x6d68_3031;
export const COLUMNS_HEAD = 24;
export const ROW_BYTES = 22;
