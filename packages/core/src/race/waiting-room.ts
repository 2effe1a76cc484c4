import type { TimerQueue } from "../time/timer-queue.ts";
import type { Clock } from "../time/clock.ts";
import type { MultihomeError } from "../errors.ts";
import type { Lack } from "../queue/lots.ts";
import type { Job } from "./job.ts";
import type { Target } from "./target.ts";

/**
 * Puts requests into their target's line and takes them out again. The line holds `capacity`; whoever comes later waits
 * outside, in order, and its deadline begins when it has its place: a program that fires five thousand requests at once gets
 * five thousand answers.
 */
export class WaitingRoom {
  capacity: number;
  /** Requests that wait, over all targets. */
  waiting = 0;
  readonly #timers: TimerQueue;
  readonly #clock: Clock;

  constructor(timers: TimerQueue, clock: Clock, capacity: number) {
    this.#timers = timers;
    this.#clock = clock;
    this.capacity = capacity;
  }

  enter(job: Job, now: number): void {
    this.#timers.hold();
    this.waiting++;
    job.kind.waiting++;
    if (job.target.line.size >= this.capacity) {
      job.outside = true;
      job.target.outside.push(job);
    } else {
      this.#place(job, now);
    }
  }

  /** Back after a failed round: it has had its place, and its deadline goes on. */
  enterAgain(job: Job, now: number, to: "head" | "tail"): void {
    this.#timers.hold();
    this.waiting++;
    job.kind.waiting++;
    this.#join(job, to);
    if (job.deadline !== Infinity && !isSet(job)) this.#timers.set(job, now, job.deadline);
  }

  /** Does nothing where it does not wait. */
  leave(job: Job): void {
    const { target } = job;
    if (job.outside) {
      job.outside = false;
      target.outside.remove(job);
    } else if (job.queued) {
      job.queued = false;
      if (job.lot !== undefined) {
        target.lots.remove(job);
      } else {
        target.line.remove(job);
        if (standsAside(job)) target.picky--;
        target.lots.passed(job);
        this.#letIn(job);
      }
    } else {
      return;
    }
    this.waiting--;
    job.kind.waiting--;
    this.#timers.letGo();
  }

  /** What it lacks no exit makes up for: until that may be another matter it stands in nobody's way. */
  park(job: Job, lack: Lack, now: number): void {
    const { target } = job;
    if (standsAside(job)) target.picky--;
    target.lots.park(job, lack, now);
    // As many as the line holds have a place here; what is more than that is not late before it has had one.
    if (target.lots.size > this.capacity && job.started === 0) {
      this.#timers.remove(job);
      job.deadline = Infinity;
    }
    this.#letIn(job);
  }

  /** It stands in its line again. */
  back(job: Job): void {
    if (standsAside(job)) job.target.picky++;
    if (job.deadline === Infinity && job.timeoutMs !== Infinity) this.#due(job, this.#clock.now());
  }

  #letIn({ target }: Job): void {
    const next = target.outside.first();
    if (next === undefined || target.line.size >= this.capacity) return;
    next.outside = false;
    target.outside.served(next, 1);
    target.outside.remove(next);
    this.#place(next, this.#clock.now());
  }

  #join(job: Job, to: "head" | "tail"): void {
    job.queued = true;
    if (to === "head") job.target.line.unshift(job);
    else job.target.line.push(job);
    if (standsAside(job)) job.target.picky++;
    if (job.way.exclusive) job.engine.holds.wait(job.target);
  }

  #place(job: Job, now: number): void {
    this.#join(job, "tail");
    if (job.timeoutMs !== Infinity) this.#due(job, now);
  }

  #due(job: Job, now: number): void {
    job.deadline = now + job.timeoutMs;
    this.#timers.add(job, now, job.timeoutMs);
  }
}

/** Those behind it in the line need not wait for it: what it lacks they may not need. */
export function standsAside(job: Job): boolean {
  return job.picky || job.way.exclusive;
}

export function isSet(job: Job): boolean {
  return job.ticket !== undefined;
}

export function rejectAll(target: Target, error: () => MultihomeError): void {
  for (const job of [...target.lots]) job.reject(error());
  for (const line of [target.line, target.outside]) {
    for (let job = line.first(); job !== undefined; job = line.first()) job.reject(error());
  }
}
