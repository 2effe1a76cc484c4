import { chanceSince, Outage } from "../../health/outage.ts";
import { channels } from "../../observe/channels.ts";
import { Alarm } from "../../time/timer-queue.ts";
import { attemptIsLate } from "../due.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import { repeatable } from "../retry.ts";
import type { AdaptivePolicy } from "./policy.ts";
import { mayUse } from "./tests.ts";

/** Exits that have worked before of which the best is the canary. */
const SAMPLE = 16;
/** A canary is waited for until nine of ten answers would be there: it would keep its request from going with the others. */
const CANARY_SHARE = 0.9;
/** Not given up sooner, however quick its exit is. */
const LEAST_CANARY_MS = 1_000;
/** Everybody waits for the first of them that comes back: with two a second for 0.7 s longer, with eight for no less. Some are lost for other reasons, others still under way. */
const CANARY = { everyMs: 250, most: 8 };
/** What can be sent once only is lost with the network: it is risked so rarely, where nothing else waits before it. */
const RISKED_EVERY_MS = 2_000;

/**
 * While nothing is heard of the network: beliefs stay as they were before, a few requests go out to see, each by another exit, the
 * others wait. The first answer ends it for all at once. What is lost meanwhile is no attempt of its request's.
 */
export class Blackout {
  readonly outage = new Outage();
  readonly #policy: AdaptivePolicy;
  readonly #canaries = new Set<Leg>();
  /** When the last canary went. */
  #sentAt = -Infinity;
  readonly #resume: Alarm;
  /** The next canary may go: whoever waits is asked. */
  readonly #next: Alarm;

  constructor(policy: AdaptivePolicy) {
    this.#policy = policy;
    this.#resume = new Alarm((now) => this.#giveUpTheLost(now));
    this.#next = new Alarm(() => {
      if (this.standing) policy.engine.placeFree(false);
    });
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
    this.#hurryTheLost(now);
    this.#tell(true, now - this.outage.since, now);
    engine.warn("Nothing is heard through any exit: requests go out a few at a time until something is.", { outage: true });
  }

  /** An exit for a canary, or -1: enough are out already, or this is not the time. */
  choose(job: Job, now: number): number {
    const { beliefs, engine, random } = this.#policy;
    const { health, worth } = job.target;
    const everyMs = repeatable(job) ? CANARY.everyMs : RISKED_EVERY_MS;
    const waitMs = this.#canaries.size >= CANARY.most ? Infinity : now < this.#sentAt ? 0 : this.#sentAt + everyMs - now;
    if (waitMs > 0) {
      engine.gate.wait(job.target);
      if (waitMs !== Infinity) engine.timers.set(this.#next, now, now + Math.min(waitMs, CANARY.everyMs));
      return -1;
    }
    let best = -1;
    let most = -Infinity;
    for (let left = Math.min(SAMPLE, beliefs.known.length); left > 0; left--) {
      const exit = beliefs.known[Math.floor(random() * beliefs.known.length)];
      // By worth, not by likelihood alone: who is quick is heard sooner.
      const ln = beliefs.isOut(exit) ? -Infinity : health.beliefs.lnWorth(exit, worth?.lnLimit ?? 0);
      if (ln <= most || !mayUse(job, exit, now)) continue;
      most = ln;
      best = exit;
    }
    return best >= 0 ? best : job.target.desk.choose(job.demand, now, [], engine.gate.mayProxy);
  }

  leased(leg: Leg): void {
    if (!this.standing) return;
    this.#canaries.add(leg);
    this.#sentAt = leg.startedAt;
  }

  /** How long an attempt is waited for. */
  limitMs(leg: Leg, mostMs: number): number {
    return repeatable(leg.job) ? Math.min(mostMs, Math.max(LEAST_CANARY_MS, Math.exp(leg.lnScale) * this.#policy.beliefs.shape.quantile(CANARY_SHARE))) : mostMs;
  }

  ended(leg: Leg): void {
    this.#canaries.delete(leg);
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
  heard(leg: Leg, now: number): void {
    this.#policy.beliefs.journal.clear();
    const quietMs = this.quietMs(now);
    if (!this.outage.heard(now, leg.startedAt)) return;
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

  /** What is out is waited for no longer than a canary: it would keep the places that canaries need. */
  #hurryTheLost(now: number): void {
    const { engine } = this.#policy;
    engine.leases.each((leg) => {
      if (isSilent(leg)) engine.timers.set(leg, now, Math.max(now + 1, Math.min(leg.ticket?.dueAt ?? Infinity, leg.startedAt + this.limitMs(leg, Infinity))));
    });
  }

  /** What was sent before and has not answered is lost, and would hold its place for seconds. */
  #giveUpTheLost(now: number): void {
    const { engine } = this.#policy;
    const lost: Leg[] = [];
    engine.leases.each((leg) => {
      if (leg.startedAt < this.outage.endedAt && isSilent(leg)) lost.push(leg);
    });
    for (const leg of lost) if (!leg.over && !leg.stopped) attemptIsLate(leg, now);
    engine.placeFree(false);
  }
}

/** Is it out without an answer, and may its request be sent again? */
function isSilent(leg: Leg): boolean {
  return leg.watched && leg.headAt === 0 && !leg.stopped && repeatable(leg.job);
}
