import type { SavedTimes } from "../health/pool-times.ts";
import type { Align, LimitScope } from "../model/limits.ts";
import type { PauseReason } from "../quota/pauses.ts";
import type { SavedCounter } from "./counters.ts";

/** More exits than this are in no pool. */
export const MOST_EXITS = 100_000;
/** As many hosts as a pool remembers. */
export const MOST_TARGETS = 1_000;
/** As many counters by name as a limit has. */
export const MOST_NAMED = 10_000;

/**
 * A state file as it is kept in memory: checked in its shape, with its numbers as they are, whatever they are. Times are
 * relative to `savedAt`, for the clock may have been set since; exits appear by their place in `exits`.
 *
 * Cells stay bytes until they are wanted: what belongs to exits or hosts that are not there takes no more than it did on disk.
 */
export interface SavedState extends SavedPool {
  /** Epoch milliseconds. */
  readonly savedAt: number;
  /** It was written by `close()`, so nothing was sent afterwards. */
  readonly closed: boolean;
  /** Their ids; an empty one is to be ignored. */
  readonly exits: readonly string[];
  readonly records: Uint8Array;
  readonly targets: ReadonlyMap<string, SavedTarget>;
}

/** What an adaptive pool believed of its exits; nothing in older files. */
export interface SavedPool {
  readonly beliefs: Uint8Array;
  readonly times: (SavedTimes & { readonly success: readonly number[]; readonly failure: readonly number[]; readonly censored: readonly number[] }) | undefined;
}

/** The same of exits at a host. */
export interface SavedHost {
  readonly beliefs: Uint8Array;
  /** How many exits it has accepted and shut out, and how much slower than others it answers. */
  readonly host: readonly [number, number, number];
}

export interface SavedPause {
  readonly forMs: number;
  readonly reason: PauseReason;
}

export interface SavedTarget extends SavedHost {
  /** Days for which no program has spoken to it. */
  readonly unseenDays: number;
  /** The server's clock minus our wall clock, in milliseconds: at least, at most. */
  readonly offset: readonly [number, number] | undefined;
  readonly cells: Uint8Array;
  readonly pauses: readonly (SavedPause & { exit: number })[];
  readonly accounts: readonly (SavedPause & { account: string })[];
  readonly whole: SavedPause | undefined;
  readonly limits: readonly SavedLimit[];
}

export interface SavedLimit {
  readonly name: string;
  readonly unit: string;
  readonly scope: LimitScope;
  readonly align: Align;
  readonly perMs: number;
  /** Of exits. */
  readonly counters: Uint8Array;
  /** Of accounts, instruments and the target as a whole. */
  readonly named: readonly NamedCounter[];
}

export interface NamedCounter extends SavedCounter {
  /** Of a limit of scope `exit`. */
  readonly exit: number | undefined;
  readonly account: string | undefined;
  readonly key: string | undefined;
}

/** Names that are properties of every object: no exit, host or limit is called so. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 512 && value !== "__proto__" && value !== "constructor" && value !== "prototype";
}

/** An account is named by the hash of its key, or it is not written down. */
export function isHashedAccount(account: string): boolean {
  return /^[0-9a-f]{16}$/.test(account);
}
