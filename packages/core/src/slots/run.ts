import { AsyncResource } from "node:async_hooks";
import { ClosedError, isMultihomeError } from "../errors.ts";
import type { SlotOptions, SlotResult, SlotRun, SlotRunStatus } from "../model/slots.ts";
import { durationMs } from "../time/duration.ts";
import { Alarm } from "../time/timer-queue.ts";
import { Batch } from "./batch.ts";
import { CrewSize, type Crew } from "./crew.ts";
import { Feed } from "./feed.ts";
import { itemRules } from "./item-rules.ts";
import { Pace } from "./pace.ts";
import type { AnyRun, SlotPorts } from "./ports.ts";
import { Rests } from "./rests.ts";
import { Results } from "./results.ts";
import { Round, type Outcome, type RoundParts, type Worker } from "./round.ts";
import { runStatus } from "./run-status.ts";
import type { Slot } from "./slot.ts";
import { SlotBoard } from "./slot-board.ts";
import { Turns } from "./turns.ts";

/** A cycle that brought no item is followed by the next after this long at least. */
const EMPTY_CYCLE_MS = 100;
/** Whoever waits for the end that long is told for what. */
const PATIENCE_MS = 10_000;

/** Between two cycles it is "cooling"; "stopping" takes no further item. */
type Phase = "working" | "cooling" | "stopping" | "over";

/** The slots of one call of `pool.slots`. */
export class Run<T> implements SlotRun<T>, AnyRun {
  readonly id: string;
  readonly done: Promise<void>;
  readonly board = new SlotBoard<T>((slot, now) => this.#pauseOn(slot, now));
  readonly crewSize: CrewSize;
  readonly pace: Pace;
  readonly results: Results<T>;
  readonly ports: SlotPorts;
  /** The next cycle, an item that will be ready, an exit that will be back. */
  readonly alarm = new Alarm(() => this.fill());
  cycle = 1;
  processed = 0;
  failed = 0;
  phase: Phase = "working";
  readonly #feed: Feed<T>;
  readonly #parts: RoundParts<T>;
  readonly #options: SlotOptions<T>;
  readonly #cooldownMs: number;
  readonly #cycles: number;
  readonly #patience = new Alarm((now) => this.#sayWhatFor(now));
  #settle!: { resolve(): void; reject(error: unknown): void };
  #failure: { readonly error: unknown } | undefined;
  #told: string | undefined;
  #begun = 0;
  readonly #turns = new Turns(() => this.fill());
  #filling = false;
  #again = false;

  constructor(id: string, items: Iterable<T> | AsyncIterable<T>, worker: Worker<T>, options: SlotOptions<T>, ports: SlotPorts) {
    this.id = id;
    this.ports = ports;
    this.#options = options;
    this.#cooldownMs = durationMs(options.cycleCooldown ?? 0);
    this.#cycles = options.cycles ?? 1;
    this.done = new Promise<void>((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever looks is told; nobody has to look.
    this.done.catch(() => {});
    const { signal } = options;
    this.#feed = new Feed(items, itemRules(options, () => this.fill()));
    const rests = new Rests(ports.engine, ports.walk.pauses);
    this.crewSize = new CrewSize(ports.engine, rests, options.slots, () => this.#feed.size);
    this.pace = new Pace(rests, this.crewSize, durationMs(options.interBatchDelay ?? 0));
    this.results = new Results(
      () => this.fill(),
      () => void this.stop(),
    );
    this.#parts = {
      ports,
      rests,
      scope: new AsyncResource("multihome.slots"),
      worker,
      request: options.request,
      met: (target) => void rests.add(target),
      refused: (round, error) => this.#refused(round, error),
      ended: (round, outcome) => this.#ended(round, outcome),
    };
    ports.engine.timers.hold();
    signal?.addEventListener("abort", this.#onAbort);
    // The caller has its run before its first worker begins.
    queueMicrotask(() => (signal?.aborted === true ? this.#onAbort() : this.fill()));
  }

  [Symbol.asyncIterator](): AsyncIterator<SlotResult<T>, undefined> {
    return this.results[Symbol.asyncIterator]();
  }

  resize(slots: number | "auto"): void {
    if (slots !== "auto" && !(Number.isInteger(slots) && slots >= 1)) throw new RangeError(`Expected \`slots\` to be "auto" or an integer of at least 1, got \`${String(slots)}\`.`);
    this.crewSize.wanted = slots;
    this.fill();
  }

  async stop(): Promise<void> {
    if (this.phase === "working" || this.phase === "cooling") this.#endTaking();
    const { clock, timers } = this.ports.engine;
    if (this.phase === "stopping" && !this.#patience.isSet) timers.add(this.#patience, clock.now(), PATIENCE_MS);
    await this.done.catch(() => {});
  }

  abort(reason: unknown = new DOMException("The run was aborted.", "AbortError")): void {
    if (this.phase === "over") return;
    // First, so that nothing begins in the place of what is given up.
    this.phase = "stopping";
    for (const slot of this.board.all) {
      const { round } = slot;
      if (round === undefined) continue;
      round.abort(reason);
      this.board.turn(slot, { kind: "free" });
      this.#tell(slot, round, { status: "rejected", reason });
    }
    this.#over({ error: reason });
  }

  close(): void {
    if (this.phase !== "working" && this.phase !== "cooling") return;
    this.#failure = { error: new ClosedError() };
    this.#endTaking();
  }

  status(): SlotRunStatus {
    return runStatus(this);
  }

  /** Begins whatever can begin now. Called whenever that may have changed. */
  fill(): void {
    this.#again = true;
    if (this.#filling) return;
    this.#filling = true;
    try {
      while (this.#again && this.phase !== "over" && this.ports.engine.ready) {
        this.#again = false;
        if (this.phase !== "stopping") this.#fillOnce();
        else if (!this.board.busy) this.#over(this.#failure ?? {});
      }
    } finally {
      this.#filling = false;
    }
  }

  #fillOnce(): void {
    const { clock, timers } = this.ports.engine;
    if (this.phase === "cooling" && this.alarm.isSet) return;
    this.phase = "working";
    const now = clock.now();
    timers.remove(this.alarm);
    for (;;) {
      const crew = this.crewSize.at(now);
      this.#sayLimit(crew);
      const slot = this.results.full ? undefined : this.board.free(crew.allowed);
      if (slot === undefined) {
        timers.set(this.alarm, now, this.pace.roomAt(crew, now));
        break;
      }
      if (!this.#turns.mayBegin()) return;
      const next = this.#feed.take(now);
      if (next.kind === "later") timers.set(this.alarm, now, next.at);
      if (next.kind !== "item") break;
      this.#begin(slot, next, now);
    }
    if (this.#feed.failure !== undefined) {
      this.#failure = this.#feed.failure;
      this.#endTaking();
    } else if (this.#feed.ended && !this.board.busy) {
      this.#endCycle(now);
    }
  }

  #endCycle(now: number): void {
    if (this.cycle >= this.#cycles) {
      this.#over({});
      return;
    }
    // The last pauses of a cycle are part of it.
    if (this.board.pausing) return;
    const restMs = this.#feed.taken > 0 ? this.#cooldownMs : Math.max(this.#cooldownMs, EMPTY_CYCLE_MS);
    this.cycle++;
    this.#feed.rewind();
    this.phase = "cooling";
    if (restMs > 0) this.ports.engine.timers.set(this.alarm, now, now + restMs);
    else this.#again = true;
  }

  #begin(slot: Slot<T>, { item, key }: { item: T; key: unknown }, now: number): void {
    const id = this.#options.batchId === undefined ? `${this.id}/${++this.#begun}` : String(key);
    const round = new Round(item, new Batch(id, slot.number, this.cycle), now, this.#parts);
    this.board.turn(slot, { kind: "busy", round });
    round.begin();
  }

  #refused(round: Round<T>, error: unknown): void {
    const none = isMultihomeError(error) && (error.code === "MH_ERR_NO_EXIT" || error.code === "MH_ERR_CLOSED");
    if (!none) {
      this.#ended(round, { status: "rejected", reason: error });
      return;
    }
    this.board.turn(this.board.of(round), { kind: "free" });
    this.#failure ??= { error };
    if (this.phase === "stopping") this.fill();
    else this.#endTaking();
  }

  #ended(round: Round<T>, outcome: Outcome): void {
    const slot = this.board.of(round);
    const { endedAt, startedAt } = this.#tell(slot, round, outcome);
    const roundMs = endedAt - startedAt + this.pace.delayMs;
    this.board.turn(slot, { kind: "pausing", endedAt, roundMs });
    this.#turns.took(roundMs);
    // Where nothing else is at work, it may have been the last one.
    if (!this.board.busy && this.phase === "working") this.#feed.peek();
    this.#pauseOn(slot, endedAt);
    this.fill();
  }

  /** Its pause is over, or has to go on: exits that came back make it shorter, others that back off longer. */
  #pauseOn(slot: Slot<T>, now: number): void {
    const { state } = slot;
    if (state.kind !== "pausing") return;
    const { endsAt, askAt } = this.pace.pause(state.endedAt, state.roundMs, now);
    if (endsAt > now) {
      this.ports.engine.timers.set(slot.alarm, now, askAt);
      return;
    }
    this.board.turn(slot, { kind: "free" });
    this.fill();
  }

  #tell(slot: Slot<T>, round: Round<T>, outcome: Outcome): { startedAt: number; endedAt: number } {
    const { batch, exit, item, takenAt } = round;
    const endedAt = this.ports.engine.clock.now();
    const startedAt = round.startedAt < 0 ? endedAt : round.startedAt;
    this.processed++;
    if (outcome.status === "rejected") this.failed++;
    this.results.push({ item, slot: slot.number, cycle: batch.cycle, batchId: batch.id, exit, ...outcome, startedAt, endedAt });
    this.ports.roundEnded(this, { batchId: batch.id, slot: slot.number, cycle: batch.cycle, exit, status: outcome.status, waitedMs: startedAt - takenAt, durationMs: endedAt - startedAt });
    return { startedAt, endedAt };
  }

  #endTaking(): void {
    this.phase = "stopping";
    this.#feed.close();
    for (const slot of this.board.all) {
      if (slot.round?.state !== "waiting") continue;
      slot.round.forget();
      this.board.turn(slot, { kind: "free" });
    }
    if (!this.board.busy) this.#over(this.#failure ?? {});
  }

  #over(outcome: { error?: unknown }): void {
    this.phase = "over";
    const { timers } = this.ports.engine;
    this.#feed.close();
    for (const alarm of [this.alarm, this.#patience, ...this.board.all.map((slot) => slot.alarm)]) timers.remove(alarm);
    timers.letGo();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.results.end(outcome);
    this.ports.ended(this);
    if ("error" in outcome) this.#settle.reject(outcome.error);
    else this.#settle.resolve();
  }

  readonly #onAbort = (): void => this.abort(this.#options.signal?.reason);

  #sayLimit(crew: Crew): void {
    const { wanted } = this.crewSize;
    const told = `${wanted} ${crew.allowed} ${crew.limitedBy}`;
    if (told === this.#told) return;
    this.#told = told;
    this.ports.crewChanged(this, wanted, crew);
  }

  #sayWhatFor(now: number): void {
    const rounds = this.board.all.flatMap(({ round }) => (round === undefined ? [] : [{ batchId: round.batch.id, exit: round.exit, forMs: Math.round(now - round.startedAt) }]));
    this.ports.stopWaits(this, rounds);
    this.ports.engine.timers.add(this.#patience, now, 6 * PATIENCE_MS);
  }
}
