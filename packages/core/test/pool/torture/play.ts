import { createExitPool, type ExitPool, type Lease, type SlotRun } from "../../../src/index.ts";
import type { ExitPoolOptions } from "../../../src/model/options.ts";
import { finish } from "./ending.ts";
import { FlakyLedger } from "./flaky-ledger.ts";
import { agree, looksRight } from "./looks.ts";
import { exitOptions, exitsOf, hintsOf, KINDS, limitsOf, optionsOf, raceOf, requestOf } from "./options.ts";
import { coded, HOSTS, Server } from "./server.ts";
import { SpinClock } from "./spin-clock.ts";
import { MapRun } from "./map-run.ts";
import { drive, run, Task } from "./task.ts";
import type { Asks, Change, LimitSpec, Step, World } from "./world.ts";

/** A lease by hand: its holder sends by it once himself, or lets requests go on it, and not both. */
export interface Hand {
  lease: Lease;
  asks: Asks;
  shared: boolean;
  use: "none" | "own" | "pins";
  released: boolean;
}

/** A program at work on a pool. */
export class Play {
  readonly world: World;
  readonly clock = new SpinClock();
  readonly server: Server;
  readonly ledger: FlakyLedger | undefined;
  readonly pool: ExitPool;
  readonly tasks: Task[] = [];
  readonly hands: Hand[] = [];
  /** `acquire` under way. */
  asking = 0;
  readonly runs: { run: SlotRun<number>; slots: number }[] = [];
  readonly maps: MapRun[] = [];
  closing: Promise<void> | undefined;
  limits: LimitSpec[];
  capacityChanged = false;

  constructor(world: World) {
    this.world = world;
    this.limits = world.limits;
    this.server = new Server(world, this.clock);
    this.ledger = world.ledger === "none" ? undefined : new FlakyLedger(world.ledger, this.clock, world.random);
    this.pool = createExitPool(optionsOf(world, this.clock, this.ledger));
    this.server.listed = new Set(exitsOf(world.locals, world.proxies));
  }

  async all(): Promise<void> {
    if (this.world.observed) this.pool.decisions();
    await this.pool.ready();
    for (const step of this.world.steps) {
      await this.step(step);
      // What a program does comes in several turns.
      if (step.do !== "request") await Promise.resolve();
      this.check();
    }
    await finish(this);
  }

  check(): void {
    const now = this.clock.now();
    const patient = this.world.capacity >= 1_000 && !this.capacityChanged;
    if (patient) for (const task of this.tasks) {
      const late = task.late(now);
      if (late !== undefined) this.server.say(late);
    }
    looksRight(this);
    const wrong = [...this.server.wrong, ...(this.ledger?.wrong ?? []), ...(this.clock.fault === undefined ? [] : [this.clock.fault])];
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case "request":
        for (let i = 0; i < step.count; i++) {
          if (step.around === undefined) this.request(step);
          else this.pool.with(hintsOf({ ...step.asks, kind: undefined, affinity: undefined, race: undefined, priority: undefined, ...step.around }), () => this.request(step));
        }
        break;
      case "map":
        this.maps.push(new MapRun(this, step));
        break;
      case "acquire":
        this.#acquire(step);
        break;
      case "try":
        this.#try(step);
        break;
      case "lease":
        this.#lease(step);
        break;
      case "abort":
        if (this.tasks.length > 0) this.tasks[step.on % this.tasks.length].stop(coded("ABORTED"));
        break;
      case "slots":
        this.#slots(step);
        break;
      case "run-of-slots":
        this.#endSlots(step);
        break;
      case "advance":
        await this.clock.advance(step.ms);
        break;
      case "jump":
        this.clock.jumpWall(step.ms);
        break;
      case "update":
        if (this.closing === undefined) await this.#update(step.what, step.by);
        break;
      case "close":
        this.close(step.drainMs);
        break;
      default: {
        const never: never = step;
        throw new TypeError(String(never));
      }
    }
  }

  close(drainMs: number): void {
    this.closing ??= this.pool.close({ drain: drainMs }).then(() => {
      this.server.closed = true;
    });
  }

  request({ via, asks, on, timeoutMs, abortAtStart }: Extract<Step, { do: "request" }>): Task {
    const hand = on === undefined || this.hands.length === 0 ? undefined : this.hands[on % this.hands.length];
    const pinned = hand !== undefined && hand.use !== "own";
    if (pinned) hand.use = "pins";
    const task = new Task(this.server, requestOf(asks), pinned, timeoutMs ?? (this.world.timeoutMs === false ? Infinity : this.world.timeoutMs));
    this.tasks.push(task);
    const hints = { ...hintsOf(asks), ...(pinned ? { lease: hand.lease } : {}) };
    if (via === "drive") drive(task, this.pool, hints, abortAtStart === true);
    else run(task, this.pool, hints, via, abortAtStart === true || asks.weight > 1);
    if (abortAtStart === true) task.stop(coded("AT_START"));
    return task;
  }

  #got(lease: Lease, asks: Asks, shared: boolean): void {
    this.clock.progress();
    this.server.mayLeave(lease, this.clock.now());
    this.hands.push({ lease, asks, shared, use: "none", released: false });
  }

  #acquire({ asks, shared, timeoutMs }: Extract<Step, { do: "acquire" }>): void {
    const task = new Task(this.server, requestOf(asks), false, timeoutMs ?? (this.world.timeoutMs === false ? Infinity : this.world.timeoutMs));
    const controller = new AbortController();
    task.stop = (reason) => controller.abort(reason);
    this.tasks.push(task);
    const options = { hints: hintsOf(asks), mode: shared ? "shared" as const : "ephemeral" as const, signal: controller.signal, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) };
    void this.pool.acquire(requestOf(asks), options).then(
      (lease) => {
        task.settle("granted");
        this.#got(lease, asks, shared);
      },
      () => task.settle("refused"),
    );
  }

  #try({ asks, shared, count }: Extract<Step, { do: "try" }>): void {
    if (this.closing !== undefined) return;
    const options = { hints: hintsOf(asks), mode: shared ? "shared" as const : "ephemeral" as const };
    if (count === 1) {
      const wrong = agree(this, asks, options, (lease) => this.#got(lease, asks, shared));
      if (wrong !== undefined) this.server.say(wrong);
      return;
    }
    const results = this.pool.tryAcquireAll(Array.from({ length: count }, () => requestOf(asks)), options);
    for (const result of results) {
      if (result.granted) this.#got(result.lease, asks, shared);
      else if (Number.isNaN(result.retryAfterMs) || result.retryAfterMs < 0) this.server.say(`retryAfterMs ${result.retryAfterMs}`);
    }
    if (new Set(results.map(({ granted }) => granted)).size > 1) this.server.say("some of tryAcquireAll were granted, others not");
  }

  #lease({ on, act }: Extract<Step, { do: "lease" }>): void {
    const hand = this.hands[on % Math.max(1, this.hands.length)];
    if (hand === undefined) return;
    const { lease, asks } = hand;
    const refusal = { status: 429, header: (name: string) => (name.toLowerCase() === "retry-after" ? "3" : undefined) };
    if (act === "send" && !hand.released && !hand.shared && hand.use === "none" && !this.server.closed) {
      hand.use = "own";
      this.server.arrived(lease, requestOf(asks));
    } else if (act === "settle-success") lease.settle("success");
    else if (act === "settle-429") lease.settle({ kind: "rate-limited", retryAfterMs: 2_000 });
    else if (act === "settle-418") lease.settle("banned");
    else if (act === "settle-error") lease.settle(coded("ECONNRESET"));
    else if (act === "observe-429") lease.observe(refusal);
    else if (act === "retain" && !hand.released) {
      try {
        this.hands.push({ ...hand, lease: lease.retain(), use: "own" });
      } catch {
        // It came back by itself.
      }
    } else if (act === "release") {
      lease.release();
      hand.released = true;
    }
  }

  #slots({ slots, items, cycles, holdMs, asks, mode, sends }: Extract<Step, { do: "slots" }>): void {
    if (this.closing !== undefined) return;
    const worker = async (_item: number, lease: Lease): Promise<void> => {
      this.clock.progress();
      for (let i = 0; i < sends; i++) {
        const task = new Task(this.server, requestOf(asks), true, this.world.timeoutMs === false ? Infinity : this.world.timeoutMs);
        this.tasks.push(task);
        run(task, this.pool, { lease }, "run", false);
        if (i % 2 === 0) await new Promise((resolve) => this.clock.setTimeout(() => resolve(undefined), 1));
      }
      if (holdMs > 0) await new Promise((resolve) => this.clock.setTimeout(() => resolve(undefined), holdMs));
      this.clock.progress();
    };
    const run_ = this.pool.slots(Array.from({ length: items }, (_, i) => i), worker, { slots, cycles, ...(mode === "reserve" ? { request: () => requestOf(asks) } : {}) });
    run_.done.catch(() => {});
    this.runs.push({ run: run_, slots });
  }

  #endSlots({ on, act }: Extract<Step, { do: "run-of-slots" }>): void {
    const one = this.runs[on % Math.max(1, this.runs.length)];
    if (one === undefined) return;
    if (act === "stop") void one.run.stop();
    else if (act === "abort") one.run.abort(coded("ABORTED"));
    else one.run.resize((one.slots = Math.max(1, one.slots + (act === "grow" ? 1 : -1))));
  }

  async #update(what: Change, by: number): Promise<void> {
    const { world } = this;
    if (what === "exits") await this.exits(exitsOf(world.locals, world.proxies).filter((_, i, all) => by >= 4 || all.length === 1 || i !== by % all.length).concat(by === 5 ? exitsOf(0, 1, 50) : []));
    else {
      const change = this.#change(what, by);
      // Whoever waits may go while it is made.
      if (what === "limits" || what === "no-limits") this.server.judges[HOSTS[0]].resize(this.limits);
      this.pool.update(change);
    }
  }

  #change(what: Exclude<Change, "exits">, by: number): ExitPoolOptions {
    const target = (rules: object): ExitPoolOptions => ({ targets: { [HOSTS[0]]: rules } });
    switch (what) {
      case "limits":
        this.limits = this.world.limits.map((limit) => ({ ...limit, limit: Math.max(3, limit.limit - 3 + by) }));
        return target({ limits: limitsOf(this.limits) });
      case "no-limits":
        this.limits = [];
        return target({ limits: [] });
      case "maxInFlight":
        return { maxInFlight: by + 1 };
      case "perExit":
        return { perExitInFlight: by === 0 ? null : by };
      case "backendLimit":
        return target({ backendLimit: by + 1 });
      case "kinds":
        return { kinds: by % 2 === 0 ? KINDS : { orders: { reserve: 0 }, data: { reserve: 0.2 } } };
      case "capacity":
        this.capacityChanged = true;
        return { queue: { capacity: by + 1 } };
      case "race":
        return target({ race: raceOf({ mode: (["race", "hedge", "off", "race"] as const)[by % 4], width: 1 + (by % 3), delayMs: by * 20 }) });
      case "onOpen":
        return { queue: { onOpen: by % 2 === 0 ? "queue" : "reject" } };
      case "spacing":
        return target({ spacing: by * 100 });
      case "attemptTimeout":
        return { attemptTimeout: by === 0 ? false : by * 1_000 };
      case "health":
        return { health: { cooldownAfter: 1 + by, maxEjected: by / 5 } };
      default: {
        const never: never = what;
        throw new TypeError(String(never));
      }
    }
  }

  /** Names other exits; addresses are really bound, so it takes a turn or two. */
  async exits(all: readonly string[]): Promise<void> {
    // Meanwhile both are right.
    this.server.listed = new Set([...this.server.listed, ...all]);
    this.pool.update({ exits: exitOptions(all) });
    for (let turns = 0; turns < 200 && !all.every((exit) => this.pool.inspect(exit) !== undefined); turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve));
    this.server.listed = new Set(all);
  }
}
