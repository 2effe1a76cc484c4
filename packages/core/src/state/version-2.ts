import type { PauseReason } from "../quota/pauses.ts";
import { isHashedAccount, isName, MOST_EXITS, MOST_NAMED, MOST_TARGETS, type NamedCounter, type SavedLimit, type SavedPause, type SavedState, type SavedTarget } from "./format.ts";

type Fields = Record<string, unknown>;

/** The JSON of `write`, read from whatever JSON there is. @throws Error where it is no state at all; what is merely odd is left out and counted by `odd` */
export function readVersion2(json: Fields, odd: () => void): SavedState {
  const { savedAt, exits, targets } = json;
  if (!isTime(savedAt)) throw new Error("it does not say when it was saved");
  if (!Array.isArray(exits) || exits.length > MOST_EXITS) throw new Error("it has no list of exits");
  const ids = exits.map((id: unknown) => {
    if (isName(id) && !id.includes("@")) return id;
    odd();
    return "";
  });
  const byName = new Map<string, SavedTarget>();
  for (const target of listOf(targets, MOST_TARGETS, odd)) {
    if (isFields(target) && isName(target["name"])) byName.set(target["name"], targetOf(target, ids.length, odd));
    else odd();
  }
  return { savedAt, closed: json["closed"] === true, exits: ids, records: bytesOf(json["records"], odd), targets: byName, beliefs: bytesOf(json["beliefs"], odd), times: timesOf(json["times"], odd) };
}

function targetOf(target: Fields, exits: number, odd: () => void): SavedTarget {
  const offset: unknown = target["offset"];
  const isOffset = Array.isArray(offset) && offset.length === 2 && isFinite(offset[0]) && isFinite(offset[1]) && offset[0] <= offset[1];
  if (offset !== undefined && !isOffset) odd();
  const pauses: (SavedPause & { exit: number })[] = [];
  for (const row of listOf(target["pauses"], MOST_EXITS, odd)) {
    const pause = pauseOf(row, odd);
    const exit: unknown = (row as unknown[])?.[2];
    if (pause !== undefined && isIndex(exit, exits)) pauses.push({ ...pause, exit });
  }
  const accounts: (SavedPause & { account: string })[] = [];
  for (const row of listOf(target["accounts"], MOST_NAMED, odd)) {
    const pause = pauseOf(row, odd);
    const account: unknown = (row as unknown[])?.[2];
    if (pause !== undefined && typeof account === "string" && isHashedAccount(account)) accounts.push({ ...pause, account });
  }
  const limits: SavedLimit[] = [];
  for (const limit of listOf(target["limits"], 100, odd)) {
    const read = isFields(limit) ? limitOf(limit, exits, odd) : undefined;
    if (read === undefined) odd();
    else limits.push(read);
  }
  return {
    unseenDays: wholeOf(target["unseenDays"], 1e6),
    offset: isOffset ? [offset[0] as number, offset[1] as number] : undefined,
    cells: bytesOf(target["cells"], odd),
    pauses,
    accounts,
    whole: target["whole"] === undefined ? undefined : pauseOf(target["whole"], odd),
    limits,
    beliefs: bytesOf(target["beliefs"], odd),
    host: hostOf(target["host"], odd),
  };
}

/** What is checked here is that they are numbers; who takes them checks which. */
function timesOf(times: unknown, odd: () => void): SavedState["times"] {
  if (times === undefined) return undefined;
  const names = ["m0", "successes", "within", "between", "upMs", "downs", "tests", "worked"] as const;
  const counts = ["success", "failure", "censored"] as const;
  if (isFields(times) && names.every((name) => isFinite(times[name])) && counts.every((name) => Array.isArray(times[name]))) return times as unknown as NonNullable<SavedState["times"]>;
  odd();
  return undefined;
}

function hostOf(host: unknown, odd: () => void): [number, number, number] {
  if (Array.isArray(host) && host.length === 3 && host.every(isFinite)) return host as [number, number, number];
  if (host !== undefined) odd();
  return [0, 0, 0];
}

function limitOf(limit: Fields, exits: number, odd: () => void): SavedLimit | undefined {
  const { name, unit, scope, align, perMs } = limit;
  if (!isName(name) || !isName(unit) || !isFinite(perMs)) return undefined;
  if (scope !== "exit" && scope !== "account" && scope !== "target") return undefined;
  if (align !== "fixed" && align !== "sliding" && align !== "bucket") return undefined;
  const named: NamedCounter[] = [];
  for (const row of listOf(limit["named"], MOST_NAMED, odd)) {
    const counter = namedOf(row, exits);
    if (counter === undefined) odd();
    else named.push(counter);
  }
  return { name, unit, scope, align, perMs, counters: bytesOf(limit["counters"], odd), named };
}

function namedOf(row: unknown, exits: number): NamedCounter | undefined {
  if (!Array.isArray(row) || row.length !== 7) return undefined;
  const [exit, account, key, used, window, next, pausedForMs] = row as unknown[];
  if (exit !== null && !isIndex(exit, exits)) return undefined;
  if (account !== null && !(typeof account === "string" && isHashedAccount(account))) return undefined;
  if (key !== null && !(typeof key === "string" && key.length <= 512)) return undefined;
  const units = isFinite(used) && used > 0 ? used : 0;
  const count = units === 0 && !isFinite(window) ? undefined : isFinite(window) ? { used: units, window, next: isFinite(next) && next > 0 ? next : 0 } : { used: units };
  return { exit: exit ?? undefined, account: account ?? undefined, key: key ?? undefined, count, pausedForMs: wholeOf(pausedForMs, Number.MAX_SAFE_INTEGER) };
}

/** `[for so many ms, why, …]` */
function pauseOf(row: unknown, odd: () => void): SavedPause | undefined {
  if (Array.isArray(row)) {
    const [forMs, reason] = row as unknown[];
    if (isFinite(forMs) && forMs >= 0 && isReason(reason)) return { forMs, reason };
  }
  odd();
  return undefined;
}

function isReason(value: unknown): value is PauseReason {
  return value === "banned" || value === "rate-limited" || value === "timeout";
}

function bytesOf(value: unknown, odd: () => void): Uint8Array {
  if (typeof value === "string") return Buffer.from(value, "base64");
  if (value instanceof Uint8Array) return value;
  if (value !== undefined) odd();
  return new Uint8Array(0);
}

function listOf(value: unknown, most: number, odd: () => void): unknown[] {
  if (Array.isArray(value) && value.length <= most) return value as unknown[];
  if (value !== undefined) odd();
  return Array.isArray(value) ? (value as unknown[]).slice(0, most) : [];
}

function wholeOf(value: unknown, most: number): number {
  return isFinite(value) && value > 0 ? Math.floor(Math.min(value, most)) : 0;
}

function isIndex(value: unknown, length: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < length;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Between 2000 and the end of what a Date holds: else it is no time of ours. */
export function isTime(value: unknown): value is number {
  return isFinite(value) && value >= 946_684_800_000 && value <= 8.64e15;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
