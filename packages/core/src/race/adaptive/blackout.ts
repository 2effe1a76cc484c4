import { chanceSince, Outage } from "../../health/outage.ts";
import { channels } from "../../observe/channels.ts";
import { Alarm } from "../../time/timer-queue.ts";
import { attemptIsLate } from "../due.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import { repeatable } from "../retry.ts";
import type { AdaptivePolicy } from "./policy.ts";
import { mayUse } from "./tests.ts";

/** Exits that have worked before of which the likeliest is the canary. */
const SAMPLE = 16;
/** A canary is waited for until nine of ten answers would be there: then the next one goes. */
const CANARY_SHARE = 0.9;
/** Not more than one a second, however quick the exits are. */
const LEAST_CANARY_MS = 1_000;

/**
 * While nothing is heard of the network: beliefs stay as they were before, one request at a time goes out to see, the others
 * wait. The first answer ends it for all at once.
 */
export class Blackout {
  readonly outage = new Outage();
  readonly #policy: AdaptivePolicy;
  #canary: Leg | undefined;
  readonly #resume: Alarm;

  constructor(policy: AdaptivePolicy) {
    this.#policy = policy;
    this.#resume = new Alarm((now) => this.#giveUpTheLost(now));
  }

  get standing(): boolean {
    return this.outage.standing;
  }

  /** For how long nothing has been heard, as long as an outage stands; before anything was ever heard since the first attempt that speaks for it. */
  quietMs(now: number): number {
    return this.standing ? now - this.outage.since : 0;
  }

  /** Is the network gone? Looks at what is out, a few times a second at most and only when something happens. */
  watch(now: number): void {
    if (!this.outage.isDue(now)) return;
    const { beliefs, engine } = this.#policy;
    const typicalMs = Math.exp(beliefs.times.m0) * beliefs.shape.quantile(CANARY_SHARE);
    const gone = this.outage.look(now, typicalMs, (visit) => {
      engine.leases.each((leg) => {
        if (leg.watched && leg.headAt === 0 && !leg.job.single) visit(leg.exitIndex, this.#chanceSince(leg, now), leg.startedAt);
      });
    });
    if (!gone) return;
    beliefs.journal.undo();
    this.#tell(true, now - this.outage.since, now);
    engine.warn("Nothing is heard through any exit: one request at a time goes out until something is.", { outage: true });
  }

  /** An exit for the canary, or -1: one is out already, or this is not the time. */
  choose(job: Job, now: number): number {
    const { beliefs, engine, random } = this.#policy;
    if (this.#canary !== undefined) {
      engine.gate.wait(job.target);
      return -1;
    }
    let best = -1;
    let most = 0;
    for (let left = Math.min(SAMPLE, beliefs.known.length); left > 0; left--) {
      const exit = beliefs.known[Math.floor(random() * beliefs.known.length)];
      const chance = job.target.health.beliefs.chance(exit);
      if (chance <= most || !mayUse(job, exit, now)) continue;
      most = chance;
      best = exit;
    }
    return best >= 0 ? best : job.target.desk.choose(job.demand, now, [], engine.gate.mayProxy);
  }

  leased(leg: Leg): void {
    if (this.standing) this.#canary = leg;
  }

  /** How long the canary is waited for. */
  limitMs(leg: Leg, mostMs: number): number {
    return leg === this.#canary && repeatable(leg.job) ? Math.min(mostMs, Math.max(LEAST_CANARY_MS, Math.exp(leg.lnScale) * this.#policy.beliefs.shape.quantile(CANARY_SHARE))) : mostMs;
  }

  ended(leg: Leg): void {
    if (leg === this.#canary) this.#canary = undefined;
  }

  /** Began before the network was back and brought no answer: nobody is judged by it. */
  isLost(leg: Leg): boolean {
    return !leg.answered && (this.standing || leg.startedAt < this.outage.endedAt);
  }

  /** It has ended without an answer. @param silent nothing more is known; else it has failed, and no answer would have come */
  failed(leg: Leg, silent: boolean, now: number): void {
    this.outage.failed(leg.exitIndex, silent ? this.#chanceSince(leg, now) : leg.startedAt >= this.outage.heardAt ? leg.chance : 0, leg.startedAt);
  }

  /** An answer. */
  heard(now: number): void {
    this.#policy.beliefs.journal.clear();
    const quietMs = this.quietMs(now);
    if (!this.outage.heard(now)) return;
    const { engine } = this.#policy;
    this.#tell(false, quietMs, now);
    engine.warn("The exits are heard again.", { outage: false });
    // Not from within the answer that says so.
    engine.timers.set(this.#resume, now, now + 1);
  }

  #tell(standing: boolean, quietMs: number, now: number): void {
    if (channels.outageChanged.hasSubscribers) channels.outageChanged.publish({ pool: this.#policy.engine.name, at: now, standing, quietMs });
  }

  #chanceSince(leg: Leg, now: number): number {
    const { shape } = this.#policy.beliefs;
    const scale = Math.exp(leg.lnScale);
    return chanceSince(leg.chance * shape.share((this.outage.heardAt - leg.startedAt) / scale), leg.chance * shape.share((now - leg.startedAt) / scale));
  }

  /** What was sent before and has not answered is lost, and would hold its place for seconds. */
  #giveUpTheLost(now: number): void {
    const { engine } = this.#policy;
    const lost: Leg[] = [];
    engine.leases.each((leg) => {
      if (leg.watched && leg.headAt === 0 && !leg.stopped && leg.startedAt < this.outage.endedAt && repeatable(leg.job)) lost.push(leg);
    });
    for (const leg of lost) if (!leg.over && !leg.stopped) attemptIsLate(leg, now);
    engine.placeFree(false);
  }
}
