import { MultihomeError } from "@multihome/core";
import { OLDER } from "./version.ts";

export type FaultKind = "timeout" | "disconnected" | "damaged" | "full" | "read-only" | "busy" | "password" | "too-old" | "prefix" | "contradiction" | "store" | "evicts" | "memory-lost" | "clock-jump";

/** What keeps the store from being used. */
export interface Fault {
  readonly kind: FaultKind;
  readonly message: string;
  /** Of one target only. */
  readonly target?: string;
}

export class StoreError extends Error {
  readonly kind: FaultKind;
  constructor(kind: FaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
  override get name(): string {
    return "StoreError";
  }
}

/** Wrong from the outset, and not for time to heal. */
export function isConfigFault(kind: FaultKind): boolean {
  return kind === "password" || kind === "too-old" || kind === "prefix" || kind === "evicts";
}

export function configError(message: string, cause?: unknown): MultihomeError {
  return new MultihomeError("MH_ERR_CONFIG", message, { cause });
}

const WORDS: readonly [RegExp, FaultKind][] = [
  // Redis 5 knows no users. The last two: what scripts are told that run as a user who may not do all that they do (Redis 7, Redis 6).
  [/^(?:WRONGPASS|NOAUTH|NOPERM)|invalid password|AUTH failed|wrong number of arguments for 'auth'|executing the script can't|^ERR ACL failure/i, "password"],
  [/^WRONGTYPE/, "prefix"],
  // What Redis before 5 says to a script that reads the clock and then writes.
  [/non deterministic commands/i, "too-old"],
  [/^OOM|maxmemory/i, "full"],
  [/^(?:READONLY|MASTERDOWN|MISCONF|NOREPLICAS)/, "read-only"],
  [/^(?:BUSY|LOADING|CLUSTERDOWN|TRYAGAIN|UNKILLABLE)/, "busy"],
];

function explained(kind: FaultKind, message: string): string {
  if (kind === "too-old") return `${OLDER} (${message})`;
  if (kind === "password") return `The store of the shared limits refuses this user or password, or what that user may do (${message.replace(/\.$/, "")}).`;
  return message;
}

/** What a script was told, without where in it: before Redis 7 that stands in front, since then behind. */
function ofScript(message: string): string {
  return message.replace(/^ERR Error running script \([^)]*\): (?:@user_script: ?\d+: )*-?/, "").replace(/ script: [\da-f]{40}, on @user_script:\d+\.?\s*$/, "").trimEnd();
}

/** What an error of the client or the store means, without a word of what the user keeps secret. */
export function faultOf(error: unknown, secrets: readonly string[]): StoreError {
  if (error instanceof StoreError) return error;
  let message = error instanceof Error ? error.message : String(error);
  if (message === "" && error instanceof AggregateError) message = error.errors.map((part) => (part instanceof Error ? part.message : String(part))).join("; ");
  // What the client says of commands that were on their way when it was destroyed.
  if (message === "Disconnects client") return new StoreError("disconnected", "The connection to the store was given up.");
  message = ofScript(message);
  // Known by its words as they were: a password of one letter would be found in all of them.
  const word = WORDS.find(([pattern]) => pattern.test(message));
  const gone = error instanceof Error && (/closed|offline|disconnect|ECONN|EPIPE|ENOENT|socket|connect/i.test(`${error.name} ${message}`) || "code" in error);
  const isForeign = message.startsWith("Unknown RESP type");
  for (const secret of secrets) if (secret !== "") message = message.replaceAll(secret, "***");
  if (isForeign) return new StoreError("store", `What answers there does not speak as Redis or Valkey does (${message}).`);
  if (word !== undefined) return new StoreError(word[1], explained(word[1], message));
  return new StoreError(gone ? "disconnected" : "store", message);
}
