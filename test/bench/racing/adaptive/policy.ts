import type { Arena, Contestant, Task } from "../arena.ts";
import { streamOf } from "../../../support/world-chance.ts";
import { Lines } from "../lines.ts";
import type { Attempt, AttemptOwner, Outcome } from "../network.ts";
import { Wake } from "../wake.ts";
import { HOSTS, IN_FLIGHT } from "../../../support/world-parameters.ts";
import { backoff, Beliefs, LIMIT, Proxy, type Cell, type Failure } from "./beliefs.ts";
import { Budget } from "./budget.ts";
import { ReadyCells } from "./cell-queues.ts";
import { POLICY, type Knobs } from "./knobs.ts";
import type { Leg, Work } from "./leg.ts";
import { ProbeList } from "./probes.ts";

/** Tests in flight while tasks wait for slots, while all is well, and while a host has nothing usable. */
const PROBES_IDLE = 8;
const PROBES_STARVING = 100;
const FREE_WHEN_STARVING = 5;
/** So many legs of one task by hedging. */
const MOST_LEGS = 6;
/** Busier than this there is no hedge, and what is being sent tells which worth is worth having. */
const BUSY = 90;
/** Seconds until a starving host has taken half of the rest from proxies that are due later. */
const PATIENCE = 2;
/** How soon to look again while somebody waits and nothing was to be had. */
const LOOK_AGAIN = 0.1;

/** The adaptive policy, as an executable description. Times are in seconds. */
export class Adaptive implements Contestant, AttemptOwner {
  readonly #arena: Arena;
  readonly #knobs: Knobs;
  readonly #random: () => number;
  readonly #beliefs: Beliefs;
  readonly #budget: Budget;
  readonly #ready: ReadyCells;
  readonly #probes: ProbeList;
  readonly #proxies: Proxy[];
  readonly #wake: Wake;
  readonly #lines = new Lines<Work>();
  readonly #legs = new Map<Attempt, Leg>();
  /** Tasks with legs in flight, by host, those first that were sent first. */
  readonly #live: Set<Work>[] = Array.from({ length: HOSTS }, () => new Set<Work>());
  #probing = 0;
  /** Lower quantile of the worth of what is sent while slots are scarce. */
  #level = 1e-3;

  constructor(arena: Arena, knobs: Knobs = POLICY) {
    this.#arena = arena;
    this.#knobs = knobs;
    this.#random = streamOf(arena.seed, "policy");
    this.#beliefs = new Beliefs(knobs);
    this.#wake = new Wake(arena.clock, () => this.#dispatch());
    this.#budget = new Budget(knobs.budget);
    this.#ready = new ReadyCells(this.#beliefs);
    this.#probes = new ProbeList(this.#beliefs, this.#random, knobs.retest);
    this.#proxies = Array.from({ length: arena.world.proxies }, (_, index) => new Proxy(index));
    this.#probes.start(this.#proxies);
    const everySecond = (): void => {
      arena.clock.setTimeout(everySecond, 1_000);
      this.#beliefs.learn();
      this.#dispatch();
    };
    arena.clock.setTimeout(everySecond, 1_000);
  }

  submit(task: Task): void {
    this.#budget.task();
    this.#lines.pushTail(Object.assign(task, { legs: new Map(), hedgeTimer: undefined }));
    this.#dispatch();
  }

  ended(attempt: Attempt, outcome: Outcome): void {
    const leg = this.#legs.get(attempt) as Leg;
    const { task, cell } = leg;
    const now = this.#now;
    const elapsed = now - leg.startedAt;
    this.#leave(attempt, leg);
    if (outcome === "success") {
      if (leg.clean) this.#beliefs.shape.record(elapsed, leg.scale, "success");
      this.#succeeded(cell, now, elapsed);
      for (const [loser, other] of [...task.legs]) {
        this.#arena.network.cancel(loser);
        this.#leave(loser, other);
        this.#failed(other, now, "silent", true);
      }
      this.#settle(task);
      this.#arena.done(task);
    } else {
      this.#failed(leg, now, outcome === "late" ? "silent" : outcome === "refused" ? "refused" : "answered", outcome === "late");
      if (task.legs.size === 0) {
        this.#settle(task);
        if (this.#knobs.toHead) this.#lines.pushHead(task);
        else this.#lines.pushTail(task);
      }
    }
    this.#dispatch();
  }

  get #now(): number {
    return this.#arena.clock.now() / 1_000;
  }

  get #free(): number {
    return IN_FLIGHT - this.#legs.size;
  }

  // ── what is learned ──────────────────────────────────────────────────────────────────────────────────────────────

  #succeeded(cell: Cell, now: number, elapsed: number): void {
    const { proxy } = cell;
    const first = !proxy.ever;
    this.#beliefs.succeeded(cell, now, elapsed);
    if (first) this.#probes.addKnown(proxy);
    for (const other of proxy.cells) {
      const untested = !other.hadSuccess && other.tries < 3;
      if (untested) this.#probes.addUntested(other);
      if (!untested || this.#knobs.untestedInHeap) this.#ready.reindex(other, now);
    }
  }

  #failed(leg: Leg, now: number, failure: Failure, cut: boolean): void {
    const { cell, probe } = leg;
    const { proxy } = cell;
    const elapsed = now - leg.startedAt;
    if (leg.clean) this.#beliefs.shape.record(elapsed, leg.scale, failure === "silent" ? "censored" : "failure");
    this.#beliefs.failed(cell, now, elapsed, failure, cut);
    if (!probe) return;
    proxy.nf++;
    proxy.due = now + backoff(proxy);
    if (!proxy.ever) this.#probes.addUnknown(proxy);
  }

  // ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────────────

  #dispatch(): void {
    const now = this.#now;
    this.#ready.comeBack(now);
    while (this.#free > 0) {
      const saturated = this.#lines.size > this.#free;
      const pick = saturated ? this.#pickByWorth(now) : this.#pickByAge(now);
      // While there is room for everybody, whoever has a good cell gets it; tests go beside it.
      if (!saturated && pick !== undefined) {
        this.#sendPick(pick, now);
        continue;
      }
      const starving = !saturated && this.#lines.size > 0 && pick === undefined;
      if (this.#mayProbe(saturated, starving) && this.#probe(saturated, now)) continue;
      if (pick === undefined) break;
      this.#sendPick(pick, now);
    }
    if (this.#lines.size > 0 && this.#free > 0) this.#wake.by(1_000 * Math.min(Math.max(now, this.#ready.nextAt), now + LOOK_AGAIN));
  }

  /** Slots are scarce: the host with most tasks waiting, weighed by what its best cell is worth. */
  #pickByWorth(now: number): Cell | undefined {
    let best: Cell | undefined;
    let most = 0;
    for (let host = 0; host < HOSTS; host++) {
      if (this.#lines.at(host) === 0) continue;
      const top = this.#ready.top(host, now);
      if (top === undefined || this.#lines.at(host) * top.index <= most) continue;
      most = this.#lines.at(host) * top.index;
      best = top.cell;
    }
    return best;
  }

  /** Slots are free: the oldest waiting task whose host has a cell. */
  #pickByAge(now: number): Cell | undefined {
    let best: Cell | undefined;
    let oldest = Infinity;
    for (let host = 0; host < HOSTS; host++) {
      const head = this.#lines.head(host);
      if (head === undefined || head.bornAt >= oldest) continue;
      const top = this.#ready.top(host, now);
      if (top === undefined) continue;
      oldest = head.bornAt;
      best = top.cell;
    }
    return best;
  }

  #sendPick(cell: Cell, now: number): void {
    const saturated = this.#lines.size > this.#free;
    const task = this.#lines.takeHead(cell.host);
    this.#live[cell.host].add(task);
    this.#sendNormal(task, cell, now);
    if (!saturated) this.#armHedge(task, this.#hedgeDelay(cell));
  }

  #sendNormal(task: Work, cell: Cell, now: number): void {
    if (this.#legs.size >= BUSY) this.#level *= this.#beliefs.index(cell, now) > this.#level ? 1.005 : 0.98;
    this.#send(task, cell, this.#random() < this.#knobs.uncut ? LIMIT : this.#cut(cell, now), false, now);
  }

  #send(task: Work, cell: Cell, cut: number, probe: boolean, now: number): void {
    const { proxy } = cell;
    const leg: Leg = { task, cell, probe, startedAt: now, scale: this.#beliefs.scale(cell), clean: this.#beliefs.u(proxy, now) > 0.8 && this.#beliefs.g(cell, now) > 0.8 };
    const attempt = this.#arena.network.begin(proxy.index, cell.host, this, cut * 1_000);
    this.#budget.request(probe);
    if (cell.inFlight++ === 0) cell.quietSince = now;
    this.#beliefs.tried(cell, now);
    this.#ready.used(cell, now);
    this.#legs.set(attempt, leg);
    task.legs.set(attempt, leg);
    if (!probe) return;
    proxy.probing = true;
    this.#probing++;
  }

  #leave(attempt: Attempt, leg: Leg): void {
    this.#legs.delete(attempt);
    leg.task.legs.delete(attempt);
    leg.cell.inFlight--;
    if (!leg.probe) return;
    leg.cell.proxy.probing = false;
    this.#probing--;
  }

  /** The ratio's cut when slots are scarce, the whole limit when they are free, and between the two in between. */
  #cut(cell: Cell, now: number): number {
    if (this.#knobs.cut === "never") return LIMIT;
    const weight = this.#knobs.cut === "always" ? 1 : Math.min(1, Math.max(0, (this.#legs.size / IN_FLIGHT - 0.5) / 0.45));
    return this.#beliefs.scarceCut(cell, now) ** weight * LIMIT ** (1 - weight);
  }

  // ── tests ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #mayProbe(saturated: boolean, starving: boolean): boolean {
    const most = saturated ? this.#knobs.probesLoaded : starving && this.#free > FREE_WHEN_STARVING ? PROBES_STARVING : PROBES_IDLE;
    if (this.#probing >= most) return false;
    return saturated || starving || (this.#knobs.idleProbes && this.#budget.allowsProbe);
  }

  /** A test is carried by a task that would be sent anyway, else as a further leg of one that is under way. */
  #probe(saturated: boolean, now: number): boolean {
    const hosts: number[] = [];
    for (let host = 0; host < HOSTS; host++) if (this.#lines.at(host) > 0 || (!saturated && this.#live[host].size > 0)) hosts.push(host);
    hosts.sort((a, b) => this.#lines.at(b) - this.#lines.at(a));
    const cell = this.#probes.take(hosts, now, this.#squeeze(now), this.#level);
    if (cell === undefined) return false;
    const { host } = cell;
    const [underWay] = saturated ? [] : this.#live[host];
    const task = underWay ?? this.#lines.takeHead(host);
    if (underWay === undefined) {
      this.#live[host].add(task);
      if (!saturated) this.#armHedge(task, this.#hedgeDelay(cell));
    }
    this.#send(task, cell, cell.proxy.ever ? this.#cut(cell, now) : this.#probeCut(), true, now);
    return true;
  }

  /** Finds the fast ones cheaply; one in four waits longer for the others. */
  #probeCut(): number {
    const typical = Math.exp(this.#beliefs.m0);
    if (this.#knobs.quickStart && this.#beliefs.successes < 20 && this.#random() < 0.5) return LIMIT;
    return Math.min(LIMIT, Math.max(0.5, (this.#random() < 0.25 ? 3 : 1.5) * typical));
  }

  /** 0 to 1: how far a host that has nothing usable may reach into the rest of proxies. */
  #squeeze(now: number): number {
    if (!this.#knobs.squeeze) return 0;
    let age = 0;
    for (let host = 0; host < HOSTS; host++) {
      const head = this.#lines.head(host);
      if (head !== undefined && this.#ready.top(host, now) === undefined) age = Math.max(age, now - head.bornAt / 1_000);
    }
    return age / (PATIENCE + age);
  }

  // ── hedges ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #hedgeDelay(cell: Cell): number {
    return this.#beliefs.hedgeDelay(cell, this.#knobs.hedgeAt ?? this.#budget.hedgeQuantile);
  }

  #armHedge(task: Work, delay: number): void {
    if (!this.#knobs.hedge) return;
    this.#arena.clock.clearTimeout(task.hedgeTimer);
    task.hedgeTimer = this.#arena.clock.setTimeout(() => this.#hedge(task, delay), delay * 1_000);
  }

  #hedge(task: Work, delay: number): void {
    if (task.legs.size === 0) return;
    const now = this.#now;
    this.#ready.comeBack(now);
    const room = this.#lines.at(task.host) === 0 && this.#legs.size < BUSY && task.legs.size < MOST_LEGS;
    const used = new Set([...task.legs.values()].map((leg) => leg.cell.proxy));
    const entry = room ? this.#ready.topBut(task.host, now, (cell) => used.has(cell.proxy)) : undefined;
    if (entry !== undefined) this.#sendNormal(task, entry.cell, now);
    this.#armHedge(task, entry === undefined ? delay : this.#hedgeDelay(entry.cell));
  }

  /** It has no legs any more: it is done, or waits again. */
  #settle(task: Work): void {
    this.#live[task.host].delete(task);
    this.#arena.clock.clearTimeout(task.hedgeTimer);
    task.hedgeTimer = undefined;
  }
}
