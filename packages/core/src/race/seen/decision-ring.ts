import type { DecidedAttempt, Decision } from "../../model/decision.ts";
import type { VerdictKind } from "../../model/verdict.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import { pathOnly } from "../path-only.ts";
import { waitReason } from "./wait-reason.ts";
import { whyThis } from "./why.ts";

/** Requests that are remembered. */
export const MOST_REMEMBERED = 256;
/** Of each request: the first half of its attempts and waits, and the last ones. */
const MOST_NOTED = 8;

interface Attempt {
  leg: Leg | undefined;
  exit: string;
  round: number;
  at: number;
  why: string;
  verdict: VerdictKind | undefined;
  reason: string | undefined;
  endedAt: number;
}

interface Wait {
  reason: string;
  from: number;
  to: number;
}

/** A place for what is remembered of one request; given to another when its turn comes, with everything in it. */
export class Note {
  task = "";
  method = "";
  target = "";
  path: string | undefined;
  url: string | URL = "";
  kind: string | undefined;
  batchId: string | undefined;
  weight = 1;
  at = 0;
  state: Decision["state"] = "waiting";
  decidedAt = 0;
  /** Until it is decided: bodies and drivers are not kept longer than their requests live. */
  job: Job | undefined;
  readonly attempts: Attempt[] = Array.from({ length: MOST_NOTED }, () => ({ leg: undefined, exit: "", round: 0, at: 0, why: "", verdict: undefined, reason: undefined, endedAt: 0 }));
  attemptCount = 0;
  readonly waits: Wait[] = Array.from({ length: MOST_NOTED }, () => ({ reason: "", from: 0, to: 0 }));
  waitCount = 0;
}

/** Where the `n`th thing of a request is noted: the first four keep their places, later ones take turns. */
function placeOf(n: number): number {
  const half = MOST_NOTED / 2;
  return n < half ? n : half + ((n - half) % half);
}

/**
 * What became of the last requests: filled while somebody wants to know, in places that are made once. What would only be
 * read by people is put together when it is read.
 */
export class DecisionRing {
  readonly #notes: Note[] = [];
  #next = 0;

  begin(job: Job, now: number): Note {
    const note = this.#notes[this.#next] ?? (this.#notes[this.#next] = new Note());
    this.#next = (this.#next + 1) % MOST_REMEMBERED;
    const { hints, request, target } = job;
    note.task = job.id;
    note.method = request.method;
    note.target = target.name;
    note.path = request.path;
    note.url = request.url;
    note.kind = hints?.kind;
    note.batchId = hints?.batchId;
    note.weight = job.weight;
    note.at = job.createdAt;
    note.state = "waiting";
    note.decidedAt = now;
    note.job = job;
    note.attemptCount = note.waitCount = 0;
    job.note = note;
    return note;
  }

  /** It has found no exit. */
  waits(job: Job, now: number): void {
    const note = this.#of(job) ?? this.begin(job, now);
    const wait = note.waits[placeOf(note.waitCount++)];
    wait.reason = waitReason(job, now);
    wait.from = now;
    wait.to = -1;
    note.state = "waiting";
    note.weight = job.weight;
  }

  sent(leg: Leg, now: number): void {
    const { job } = leg;
    if (this.#isGone(job)) return;
    const note = this.#of(job) ?? this.begin(job, now);
    if (note.waitCount > 0) {
      const wait = note.waits[placeOf(note.waitCount - 1)];
      if (wait.to < 0) wait.to = now;
    }
    const attempt = note.attempts[placeOf(note.attemptCount++)];
    attempt.leg = leg;
    attempt.exit = leg.exit.id;
    attempt.round = job.rounds;
    attempt.at = now;
    attempt.why = whyThis(leg);
    attempt.verdict = undefined;
    attempt.reason = undefined;
    note.weight = job.weight;
    note.state = job.single ? "leased" : "running";
  }

  ended(leg: Leg, verdict: VerdictKind, now: number): void {
    const note = this.#of(leg.job);
    if (note === undefined) return;
    for (const attempt of note.attempts) {
      if (attempt.leg !== leg) continue;
      attempt.leg = undefined;
      attempt.verdict = verdict;
      attempt.reason = leg.reason;
      attempt.endedAt = now;
    }
    if (leg.job.single) this.#over(note, verdict === "aborted" ? "aborted" : "answered", now);
  }

  decided(job: Job, outcome: "answered" | "failed" | "aborted", now: number): void {
    if (outcome !== "failed" && this.#isGone(job)) return;
    const note = this.#of(job) ?? this.begin(job, now);
    // Refused before it could wait: what would it have waited for?
    if (outcome === "failed" && note.attemptCount + note.waitCount === 0) this.waits(job, now);
    if (note.waitCount > 0) {
      const wait = note.waits[placeOf(note.waitCount - 1)];
      if (wait.to < 0) wait.to = now;
    }
    this.#over(note, outcome, now);
  }

  /** The job of a task that is not decided yet, where it is remembered. */
  jobOf(task: string): Job | undefined {
    return this.#notes.find((note) => note.task === task)?.job;
  }

  of(task: string, now: number): Decision | undefined {
    const note = this.#notes.find((one) => one.task === task);
    return note === undefined ? undefined : read(note, now);
  }

  /** Oldest first. */
  read(now: number): Decision[] {
    const all = [...this.#notes.slice(this.#next), ...this.#notes.slice(0, this.#next)];
    return all.map((note) => read(note, now));
  }

  #over(note: Note, state: Decision["state"], now: number): void {
    note.state = state;
    note.decidedAt = now;
    note.job = undefined;
  }

  /**
   * So many have come after it that its place is another's: it is not among the last any more, and what is left to say of it
   * is not worth the place of one that waits. Where it fails it is: somebody will ask why.
   */
  #isGone({ id, note }: Job): boolean {
    return note !== undefined && note.task !== id;
  }

  /** Its place may have been given to another meanwhile. */
  #of(job: Job): Note | undefined {
    const { note } = job;
    return note !== undefined && note.task === job.id ? note : undefined;
  }
}

function read(note: Note, now: number): Decision {
  const open = note.state === "waiting" || note.state === "running" || note.state === "leased";
  return {
    task: note.task,
    method: note.method,
    target: note.target,
    path: pathOnly(note),
    ...(note.kind === undefined ? {} : { kind: note.kind }),
    ...(note.batchId === undefined ? {} : { batchId: note.batchId }),
    weight: note.weight,
    agoMs: Math.round(now - note.at),
    state: note.state,
    ...(open ? {} : { tookMs: Math.round(note.decidedAt - note.at) }),
    waits: inOrder(note.waits, note.waitCount).map(({ reason, from, to }) => ({ reason, ms: Math.round((to < 0 ? now : to) - from) })),
    attempts: inOrder(note.attempts, note.attemptCount).map((attempt) => attemptOf(attempt, note.at)),
    attemptsLeftOut: Math.max(0, note.attemptCount - MOST_NOTED),
  };
}

function attemptOf({ exit, round, at, why, verdict, reason, endedAt }: Attempt, from: number): DecidedAttempt {
  return { exit, round, atMs: Math.round(at - from), why, ...(verdict === undefined ? {} : { verdict, ms: Math.round(endedAt - at) }), ...(reason === undefined ? {} : { reason }) };
}

function inOrder<T>(noted: readonly T[], count: number): T[] {
  if (count <= MOST_NOTED) return noted.slice(0, count);
  const half = MOST_NOTED / 2;
  return [...noted.slice(0, half), ...Array.from({ length: half }, (_, i) => noted[placeOf(count - half + i)])];
}
