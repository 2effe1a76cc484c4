import { Explorer } from "../../lease/explorer.ts";
import type { PoolBeliefs } from "../../health/pool-beliefs.ts";
import type { VerdictKind } from "../../model/verdict.ts";
import { launchAsAsked, toldAtOnce } from "../asked-policy.ts";
import type { Engine } from "../engine.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import type { Policy } from "../policy.ts";
import { repeatable } from "../retry.ts";
import type { Target } from "../target.ts";
import { Blackout } from "./blackout.ts";
import { ATTEMPTS, Budget } from "./budget.ts";
import { chooseByHand } from "./by-hand.ts";
import { limitOf } from "./cut.ts";
import { endingOf } from "./endings.ts";
import { armHedge, testAlso } from "./hedging.ts";
import { learn } from "./learn.ts";
import { attemptsOf, hasAttemptsToSpare, legsOfRound } from "./rounds.ts";
import { besideTests, freeInMs, squeezeFor, testFor } from "./tests.ts";
import { UnderWay } from "./under-way.ts";

/** Tests in flight: while requests wait for places, while all is well, and while a target has no exit at all; and places that stay free of the latter. */
const TESTS = { loaded: 20, idle: 8, starving: 100, keptFree: 5 };
/** Above this share of the places in use, what is sent tells which worth is worth having: by how much the level moves up and down. */
const LEVEL = { from: 0.9, up: Math.log(1.005), down: Math.log(0.98), first: Math.log(1e-6) };
/** Of targets that wait for a place so many are compared, and every so often the one goes that has waited for longest. */
const COMPARED = 8;
const LONGEST_EVERY = 8;
/** A target without a usable exit counts as if its best were worth half of the worst that is worth sending. */
const NONE_USABLE = Math.log(0.5);
/** As the documents' policy explores: one request in ten. */
const ALONE_EVERY = 10;
/** How soon to ask again where something ought to be there and cannot be used. */
const AGAIN_MS = 100;
/** Started with hardly a doubt about exit and host: what such an attempt shows is how long answers take. */
const CLEAN = 0.8;

/**
 * Chooses by what an attempt is worth in successes per second of a place; gives up what is not worth waiting for where places are
 * scarce and adds further legs where they are not; tests exits beside; all from what it has seen. See docs/racing.md.
 */
export class AdaptivePolicy implements Policy {
  /** What has waited longest is served first: at the tail it would wait once more for everybody. */
  readonly requeueTo = "head";
  readonly testsTheGone = true;
  readonly limitsVary = true;
  readonly engine: Engine;
  readonly beliefs: PoolBeliefs;
  readonly explorer: Explorer;
  readonly budget = new Budget();
  readonly blackout: Blackout;
  readonly random: () => number;
  /** Logarithm of the worth below which a test could find nothing that would be used. */
  lnLevel = LEVEL.first;
  /** Tests in flight. */
  testing = 0;
  /** The exit that was chosen last, where it is a test that has not been leased yet; or -1. */
  #test = -1;
  #turn = 0;
  #alone = 0;
  /** Targets in whose line a request waits for want of an exit. */
  readonly #without = new Set<Target>();
  #changesSeen = 0;
  #testingSeen = 0;
  readonly #underWay = new UnderWay(this);

  constructor(engine: Engine, random: () => number) {
    this.engine = engine;
    this.random = random;
    this.beliefs = engine.health.beliefs;
    this.explorer = new Explorer(this.beliefs, random);
    this.blackout = new Blackout(this);
  }

  /** What time it is, for all that is believed. */
  moment(now: number): void {
    this.beliefs.moment(this.engine.health.epoch.tick(now));
  }

  /** More requests wait than there are places. */
  get saturated(): boolean {
    return this.engine.room.waiting > this.engine.gate.spare;
  }

  choose(job: Job, avoided: readonly number[], now: number): number {
    const { desk, worth } = job.target;
    this.moment(now);
    this.notSent();
    const { gate } = this.engine;
    if (worth === undefined) return desk.choose(job.demand, now, avoided, gate.mayProxy);
    this.explorer.meet(this.engine.table);
    if (job.single) return chooseByHand(job, worth, avoided, gate.mayProxy, now);
    this.blackout.watch(now);
    if (this.blackout.standing) return this.blackout.choose(job, now);
    const carries = repeatable(job);
    const spare = hasAttemptsToSpare(job, worth);
    if (carries && spare && gate.mayProxy && this.testing < TESTS.loaded && this.saturated) {
      const exit = testFor(this, job, worth, squeezeFor(job, worth, now), now);
      if (exit >= 0) return this.willTest(exit);
    }
    if (carries && job.width === 1 && this.#testsAlone(job)) {
      const exit = testFor(this, job, worth, 0, now);
      if (exit >= 0) return this.willTest(exit);
    }
    const exit = desk.choose(job.demand, now, avoided, gate.mayProxy);
    if (exit >= 0 || !gate.mayProxy) return exit;
    const { wakeAt } = desk;
    if ((spare || wakeAt > job.deadline) && this.testing < (gate.spare > TESTS.keptFree ? TESTS.starving : TESTS.idle)) {
      const test = testFor(this, job, worth, squeezeFor(job, worth, now), now);
      if (test >= 0) return this.willTest(test);
      const other = besideTests(this, job, now);
      if (other >= 0) return other;
    }
    desk.wakeAt = Math.min(wakeAt, this.#dueAt(job, now));
    this.#without.add(job.target);
    return -1;
  }

  exitBefore(job: Job, now: number): boolean {
    const { desk, worth } = job.target;
    this.moment(now);
    const exit = job.single && worth !== undefined ? chooseByHand(job, worth, job.tried, true, now) : desk.choose(job.demand, now, job.tried, true);
    if (exit >= 0 || this.blackout.standing) return true;
    if (toldAtOnce(job, now)) return false;
    const wakeAt = worth === undefined || job.single ? desk.wakeAt : Math.min(desk.wakeAt, this.#dueAt(job, now));
    return wakeAt <= job.deadline || (wakeAt === Infinity && job.target.inFlight > 0);
  }

  roundGoesOn(job: Job, more = 0): boolean {
    return attemptsOf(job) + more < job.rounds * legsOfRound(job);
  }

  launch(job: Job, first: Leg, now: number): void {
    const { target } = job;
    if (job.started === 0) this.budget.task(job.width);
    if (target.rules.raceMode !== "adaptive" || job.width === 1) {
      launchAsAsked(job, first, now);
      return;
    }
    const hedged = !this.saturated;
    this.#underWay.add(job, hedged);
    job.begin(first);
    if (!hedged) return;
    // Nobody knows an exit for it, and each of them is a guess.
    while (first.test && job.live < ATTEMPTS && this.isStarving(target) && testAlso(this, job, now));
    if (job.live > 0 && !job.done) armHedge(this, job, first.exitIndex, now, now);
    this.idle();
  }

  leased(leg: Leg): void {
    const { exitIndex, job } = leg;
    const { health, worth } = job.target;
    const test = this.#test === exitIndex;
    this.#test = -1;
    this.budget.attempt(test);
    // One that lasts for days says nothing of how its exit answers.
    if (leg.longLived) return;
    const { beliefs } = health;
    leg.expected = {
      watched: true,
      answered: false,
      test,
      lnScale: beliefs.lnScale(exitIndex),
      chance: beliefs.chance(exitIndex),
      clean: this.beliefs.up(exitIndex) > CLEAN && beliefs.acceptance(exitIndex) > CLEAN,
    };
    // It waits for its holder, not for an answer, and says nothing before it is settled.
    if (leg.job.single) return;
    if (test) this.testing++;
    else if (worth !== undefined && this.engine.gate.usedShare >= LEVEL.from) this.lnLevel += beliefs.lnWorth(exitIndex, worth.lnLimit) > this.lnLevel ? LEVEL.up : LEVEL.down;
    beliefs.started(exitIndex);
    this.beliefs.started(exitIndex, test);
    this.blackout.leased(leg);
  }

  limitMs(leg: Leg): number {
    return limitOf(this, leg);
  }

  heard(leg: Leg, now: number): void {
    const { expected } = leg;
    if (expected === undefined || !expected.watched || expected.answered) return;
    expected.answered = true;
    if (!leg.job.single) this.beliefs.heard(leg.exitIndex);
    this.blackout.heard(leg, now);
  }

  ended(leg: Leg, kind: VerdictKind, sent: boolean): void {
    const { expected } = leg;
    if (expected === undefined || !expected.watched) return;
    const now = this.engine.clock.now();
    const { job } = leg;
    expected.watched = false;
    this.moment(now);
    if (!leg.answered && !job.single) this.beliefs.heard(leg.exitIndex);
    learn(this, leg, endingOf(leg, kind, sent), kind, now);
    this.blackout.ended(leg);
    this.blackout.watch(now);
    // One guess less: the next may go at once.
    if (leg.test && kind !== "success" && !job.done && job.hedge !== undefined && this.isStarving(job.target)) this.engine.timers.set(job.hedge, now, now + 1);
  }

  nextOf(waiting: readonly Target[]): number {
    if (waiting.length === 1 || !this.saturated || ++this.#turn % LONGEST_EVERY === 0) return 0;
    let best = 0;
    let most = -Infinity;
    for (let i = 0; i < Math.min(COMPARED, waiting.length); i++) {
      const { health, line, worth } = waiting[i];
      if (worth === undefined) return i;
      const top = worth.first();
      const ln = Math.log(Math.max(1, line.size)) + (top >= 0 ? health.beliefs.lnWorth(top, worth.lnLimit) : this.lnLevel + NONE_USABLE);
      if (ln <= most) continue;
      most = ln;
      best = i;
    }
    return best;
  }

  /** Tests beside what is being done anyway: as further legs of requests that are under way. */
  idle(): void {
    this.#serveTheStarving();
    if (!this.saturated) this.#underWay.idle(this.engine.clock.now());
  }

  mayTestNow(): boolean {
    return this.testing < TESTS.idle && this.budget.allowsTest && !this.blackout.standing && this.engine.gate.mayProxy;
  }

  /** Has the target no exit that is worth an attempt? */
  isStarving({ worth }: Target): boolean {
    return worth !== undefined && worth.size === 0;
  }

  /** The exit is chosen for a test; whoever has asked leases it next. */
  willTest(exit: number): number {
    this.#test = exit;
    return exit;
  }

  /** It was chosen and not leased after all. */
  notSent(): void {
    if (this.#test < 0) return;
    if (!this.beliefs.hasWorked(this.#test)) this.explorer.missed(this.#test);
    this.#test = -1;
  }

  hedgeDelayMs({ health }: Target, exit: number): number {
    return Math.exp(exit < 0 ? this.beliefs.times.m0 : health.beliefs.lnScale(exit)) * this.beliefs.shape.quantile(this.budget.hedgeAt);
  }

  /** Exits have turned out to work, or a place for a test is free: whoever waited for that is served. */
  #serveTheStarving(): void {
    const { count } = this.beliefs.changes;
    const better = count !== this.#changesSeen || this.testing < this.#testingSeen;
    this.#changesSeen = count;
    this.#testingSeen = this.testing;
    if (!better || this.#without.size === 0) return;
    const targets = [...this.#without];
    this.#without.clear();
    for (const target of targets) if (target.hasWaiting && !target.atGate) this.engine.pump(target);
    this.#testingSeen = this.testing;
  }

  /** Without races nobody carries tests beside: every so many requests one is a test, so that good exits are found after the first. */
  #testsAlone({ started }: Job): boolean {
    return started === 0 && ++this.#alone % ALONE_EVERY === 0 && this.mayTestNow();
  }

  over(job: Job): void {
    this.#underWay.delete(job);
  }

  /** When an exit is due for a test that could serve the request; tests that are out may free one sooner. */
  #dueAt(job: Job, now: number): number {
    return now + Math.max(AGAIN_MS, this.explorer.dueInMs(now - job.createdAt, (exit) => freeInMs(job, exit, now)));
  }
}
