import { doubled } from "../time/backoff.ts";

export type PauseReason = "rate-limited" | "banned" | "timeout";

export interface PauseRules {
  rateLimitedMs: number;
  timeoutMs: number;
  maxMs: number;
  banMinMs: number;
  banMaxMs: number;
}

/** A second ban at a target within this time pauses all of it: the exits are being seen as one. */
const SECOND_BAN_MS = 60_000;
/** Pauses that the server did not measure grow while refusals follow one another within this time of the last pause's end. */
const FORGET_MS = 60_000;

/** How long one exit, an account, or everybody must keep away from a target. */
interface Pause {
  until: number;
  reason: PauseReason;
  /** How often in a row the server did not say how long, by reason: a timeout says nothing about how much a 429 has to wait. */
  readonly steps: Record<PauseReason, number>;
}

/**
 * Who has to wait at one target, for how long and why. A longer pause is never shortened by a shorter one, and no success
 * ends one: the server has said when.
 */
export class Pauses {
  #rules: PauseRules;
  readonly #byEgress = new Map<number, Pause>();
  readonly #byAccount = new Map<string, Pause>();
  readonly #whole: Pause = newPause(0, "banned");
  /** No pause of an exit ends after this: while it has passed nobody has to look for any. */
  latestEnd = 0;
  /** The same of accounts and of the target as a whole. */
  latestForAll = 0;
  #lastBanAt = -Infinity;
  #lastBanned = -1;

  constructor(rules: PauseRules) {
    this.#rules = rules;
  }

  set rules(rules: PauseRules) {
    this.#rules = rules;
  }

  /** Nothing but a ban lasts longer, whatever a server asks for. */
  get longestMs(): number {
    return this.#rules.maxMs;
  }

  /** 0 where there is none. */
  untilOf(egress: number): number {
    return this.#byEgress.size === 0 ? 0 : (this.#byEgress.get(egress)?.until ?? 0);
  }

  reasonOf(egress: number): PauseReason | undefined {
    return this.#byEgress.get(egress)?.reason;
  }

  /** Of the account and of the target as a whole: no exit helps. */
  untilForAll(account: string | undefined): number {
    return Math.max(account === undefined ? 0 : this.untilOfAccount(account), this.#whole.until);
  }

  untilOfAccount(account: string): number {
    return this.#byAccount.size === 0 ? 0 : (this.#byAccount.get(account)?.until ?? 0);
  }

  reasonForAll(account: string | undefined): PauseReason {
    const own = account === undefined ? undefined : this.#byAccount.get(account);
    return own !== undefined && own.until >= this.#whole.until ? own.reason : this.#whole.reason;
  }

  get wholeUntil(): number {
    return this.#whole.until;
  }

  /** @returns until when, after this */
  pauseExit(egress: number, reason: PauseReason, askedMs: number | undefined, now: number): number {
    let pause = this.#byEgress.get(egress);
    if (pause === undefined) this.#byEgress.set(egress, (pause = newPause(0, reason)));
    const until = this.#lengthen(pause, reason, askedMs, now);
    if (until > this.latestEnd) this.latestEnd = until;
    return until;
  }

  pauseAccount(account: string, reason: PauseReason, askedMs: number | undefined, now: number): number {
    let pause = this.#byAccount.get(account);
    if (pause === undefined) {
      if (this.#byAccount.size >= 1_000) this.#forget(this.#byAccount, now);
      this.#byAccount.set(account, (pause = newPause(0, reason)));
    }
    return this.#shutUntil(this.#lengthen(pause, reason, askedMs, now));
  }

  /** @param atMost it ends then, however long it would be by its own rules */
  pauseAll(reason: PauseReason, askedMs: number | undefined, now: number, atMost = Infinity): number {
    return this.#shutUntil(this.#lengthen(this.#whole, reason, askedMs, now, atMost));
  }

  #shutUntil(until: number): number {
    if (until > this.latestForAll) this.latestForAll = until;
    return until;
  }

  /** Puts back what a state file remembers. */
  restore(egress: number, until: number, reason: PauseReason): void {
    this.#byEgress.set(egress, newPause(until, reason));
    if (until > this.latestEnd) this.latestEnd = until;
  }

  /** Its exits are gone. */
  forget(egress: number): void {
    this.#byEgress.delete(egress);
  }

  /**
   * The exit has been banned, and paused for it. Is it the second within a minute?
   *
   * @returns when the bans of both are over: an address that the target sees them as is shut until then and no longer; `undefined`: no
   */
  secondBan(egress: number, now: number): number | undefined {
    const first = this.#lastBanned;
    const second = first !== egress && now - this.#lastBanAt <= SECOND_BAN_MS;
    this.#lastBanAt = now;
    this.#lastBanned = egress;
    return second ? Math.max(this.untilOf(first), this.untilOf(egress)) : undefined;
  }

  /** Pauses in force, for status and state. */
  *entries(now: number): IterableIterator<{ egress: number; until: number; reason: PauseReason }> {
    for (const [egress, pause] of this.#byEgress) if (pause.until > now) yield { egress, until: pause.until, reason: pause.reason };
  }

  /** The same of accounts. */
  *accounts(now: number): IterableIterator<{ account: string; until: number; reason: PauseReason }> {
    for (const [account, pause] of this.#byAccount) if (pause.until > now) yield { account, until: pause.until, reason: pause.reason };
  }

  #lengthen(pause: Pause, reason: PauseReason, askedMs: number | undefined, now: number, atMost = Infinity): number {
    const rules = this.#rules;
    const { steps } = pause;
    if (now > pause.until + FORGET_MS) steps["rate-limited"] = steps.banned = steps.timeout = 0;
    let ms: number;
    // A ban that is over at once is none: clocks disagree, and whoever came back would be refused as fast as the network goes.
    if (askedMs !== undefined && (askedMs > 0 || reason !== "banned")) ms = reason === "banned" ? Math.min(askedMs, rules.banMaxMs) : Math.min(askedMs, rules.maxMs);
    else {
      const first = reason === "banned" ? rules.banMinMs : reason === "rate-limited" ? rules.rateLimitedMs : rules.timeoutMs;
      // One burst of refusals is one step: those that arrive while the pause is running were sent before it.
      const running = pause.until > now;
      ms = doubled(first, running ? Math.max(0, steps[reason] - 1) : steps[reason], reason === "banned" ? rules.banMaxMs : rules.maxMs);
      if (!running || steps[reason] === 0) steps[reason]++;
    }
    const until = Math.min(now + ms, atMost);
    if (until > pause.until) {
      pause.until = until;
      pause.reason = reason;
    }
    return pause.until;
  }

  #forget<K>(pauses: Map<K, Pause>, now: number): void {
    for (const [key, pause] of pauses) if (pause.until + FORGET_MS < now) pauses.delete(key);
  }
}

function newPause(until: number, reason: PauseReason): Pause {
  return { until, reason, steps: { "rate-limited": 0, banned: 0, timeout: 0 } };
}
