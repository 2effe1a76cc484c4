/**
 * What came of one attempt.
 *
 * - `success`: the target's answer, also a 404.
 * - `blocked`: the target refuses this exit (403, 451, a captcha page).
 * - `rate-limited`: this exit, or the account, must wait (429). Never counts against an exit's health.
 * - `banned`: the target has shut this exit out for a while (418).
 * - `target-error`: the target is unwell (5xx, refuses connections). Nobody's exit is to blame.
 * - `exit-error`: the way there failed: the proxy, its handshake, TLS through it, a cut body.
 * - `aborted`: we or the caller gave it up; says nothing about anybody.
 */
export type VerdictKind = "success" | "blocked" | "rate-limited" | "banned" | "target-error" | "exit-error" | "aborted";

export const VERDICT_KINDS: readonly VerdictKind[] = ["success", "blocked", "rate-limited", "banned", "target-error", "exit-error", "aborted"];

export interface Verdict {
  kind: VerdictKind;
  /** Whom a `rate-limited` or `banned` is about. A `blocked` with `"exit"` makes the exit back off. @default "exit", and nobody for `blocked` */
  scope?: "exit" | "account" | "target";
  /** The one limit that the answer names, where it names one; the others go on. */
  limit?: string;
  /** How long to wait, in milliseconds, where the answer says so. */
  retryAfterMs?: number;
  reason?: string;
}

/** One line of an error's history. */
export interface AttemptRecord {
  readonly exit: string;
  readonly verdict: VerdictKind;
  readonly reason?: string;
  /** From the start of the attempt to its end, in milliseconds. */
  readonly ms: number;
}
