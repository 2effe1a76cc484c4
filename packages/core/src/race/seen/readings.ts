import type { SocketCounts } from "../../observe/socket-counts.ts";
import { FAMILIES as F, OTHER } from "../../observe/metrics/families.ts";
import type { DurationListener, PoolReadings, Sink } from "../../observe/metrics/readings.ts";
import type { Engine } from "../engine.ts";
import { ExitReadings } from "./exit-readings.ts";
import { readKinds } from "./kind-readings.ts";
import { readLimits } from "./limit-readings.ts";
import { SocketReadings } from "./socket-readings.ts";
import { readSources, type ReadableSources } from "./source-readings.ts";
import { ABORTED, ANSWERED, BANS, FAILED, FAILED_AGAIN, FAILURE_RUNS, OPENED, RACE_LEGS, RACES, RECOVERED, REQUEUED, REST_REASONS, Tally, WEIGHT } from "./tally.ts";
import type { Target } from "../target.ts";
import { Timings, type TargetTimings } from "./timings.ts";
import { VERDICT_KINDS } from "../../model/verdict.ts";

const BREAKER_STATES = ["closed", "open", "half-open"] as const;
const OUTCOMES = [
  ["answered", ANSWERED],
  ["failed", FAILED],
  ["aborted", ABORTED],
] as const;

const SLOT_STATES = ["running", "waiting", "pausing", "idle"] as const;

/** What rooms above the engine count. */
export interface OtherReadings {
  readonly faults: Readonly<Record<"listener" | "logger", number>>;
  slots(): Readonly<Record<(typeof SLOT_STATES)[number], number>>;
  sources(): ReadableSources;
  readonly sockets: SocketCounts;
}

/** What a pool shows to its metrics. */
export class EngineReadings implements PoolReadings {
  readonly #engine: Engine;
  readonly #targets: Iterable<Target>;
  readonly #others: OtherReadings;
  readonly #exits: ExitReadings;
  readonly #sockets: SocketReadings;

  constructor(engine: Engine, targets: Iterable<Target>, others: OtherReadings) {
    this.#engine = engine;
    this.#targets = targets;
    this.#others = others;
    this.#exits = new ExitReadings(engine);
    this.#sockets = new SocketReadings(engine.table);
  }

  get name(): string {
    return this.#engine.name;
  }

  countDurations(): void {
    this.#engine.timings ??= new Timings();
  }

  onDuration(listener: DurationListener): () => void {
    const { listeners } = (this.#engine.timings ??= new Timings());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  readInto(sink: Sink): void {
    const engine = this.#engine;
    const now = engine.clock.now();
    sink.value(F.switches, [], engine.switches);
    for (const observer of ["listener", "logger"] as const) sink.value(F.observerErrors, [observer], this.#others.faults[observer]);
    if (engine.timings !== undefined) sink.value(F.observerErrors, ["collector"], engine.timings.faults);
    const { blackout } = engine.policy;
    if (blackout !== undefined) sink.value(F.outage, [], blackout.standing ? 1 : 0);
    readKinds(sink, engine.kinds);
    if (engine.books !== undefined) sink.value(F.ledgerFaults, [], engine.books.faults);
    const slots = this.#others.slots();
    for (const state of SLOT_STATES) sink.value(F.slots, [state], slots[state]);
    this.#sockets.read(sink, this.#others.sockets);
    readSources(sink, this.#others.sources());
    const shown: Target[] = [];
    const others = new Tally();
    others.add(engine.othersTally);
    let hidden = 0;
    let waiting = 0;
    let inflight = 0;
    for (const target of this.#targets) {
      if (target.shown) {
        shown.push(target);
        continue;
      }
      hidden++;
      waiting += target.waiting;
      inflight += target.inFlight;
      others.add(target.tally);
    }
    this.#exits.read(sink, this.#targets, shown, now);
    for (const target of shown) {
      writeTarget(sink, target.name, target.tally, target.waiting, target.inFlight);
      const state = target.breaker.state(now);
      for (const one of BREAKER_STATES) sink.value(F.breakerState, [target.name, one], state === one ? 1 : 0);
      sink.value(F.targetPause, [target.name], Math.max(0, target.pauses.wholeUntil - now) / 1_000);
      writeTimings(sink, target.name, target.timings);
    }
    if (hidden > 0) {
      writeTarget(sink, OTHER, others, waiting, inflight);
      writeTimings(sink, OTHER, engine.timings?.others);
    }
    readLimits(sink, engine, shown, this.#exits.shown, now);
  }
}

function writeTarget(sink: Sink, name: string, tally: Tally, waiting: number, inflight: number): void {
  const { counts } = tally;
  for (const [outcome, index] of OUTCOMES) sink.value(F.tasks, [name, outcome], counts[index]);
  sink.value(F.tasksWaiting, [name], waiting);
  sink.value(F.requeues, [name], counts[REQUEUED]);
  for (const verdict of VERDICT_KINDS) sink.value(F.attempts, [name, verdict], tally.attempts(verdict));
  sink.value(F.inflight, [name], inflight);
  sink.value(F.races, [name], counts[RACES]);
  sink.value(F.raceLegs, [name], counts[RACE_LEGS]);
  sink.value(F.weight, [name], counts[WEIGHT]);
  sink.value(F.breakerOpens, [name], counts[OPENED]);
  for (const reason of REST_REASONS) sink.value(F.rests, [name, reason], tally.restMs(reason) / 1_000);
  sink.value(F.trials, [name, "recovered"], counts[RECOVERED]);
  sink.value(F.trials, [name, "failed"], counts[FAILED_AGAIN]);
  sink.value(F.alerts, [name, "ban"], counts[BANS]);
  sink.value(F.alerts, [name, "consecutive-failures"], counts[FAILURE_RUNS]);
  for (const { limit, level, count } of tally.crossings.values()) sink.value(F.limitCrossings, [name, limit, level], count);
}

function writeTimings(sink: Sink, name: string, timings: TargetTimings | undefined): void {
  if (timings === undefined) return;
  for (const [kind, histogram] of timings.tasks) sink.histogram(F.taskDuration, [name, kind], histogram);
  sink.histogram(F.taskWait, [name], timings.wait);
  sink.histogram(F.attemptLatency, [name], timings.latency);
  if (timings.shared !== undefined) sink.histogram(F.sharedDuration, [name], timings.shared);
}
