import { FAMILIES as F, OTHER, type Family } from "../../observe/metrics/families.ts";
import { Histogram, LONG_BOUNDS } from "../../observe/metrics/histogram.ts";
import type { DurationListener } from "../../observe/metrics/readings.ts";
import type { Job } from "../job.ts";
import type { Leg } from "../leg.ts";
import type { Target } from "../target.ts";

/** Kinds that are told apart here: each is a set of buckets at every target. */
const MOST_KINDS = 20;

/** The durations of one target. */
export class TargetTimings {
  /** From a request's beginning to its first exit. */
  readonly wait = new Histogram();
  /** From an attempt's start to the head of its answer. */
  readonly latency = new Histogram();
  /** From a request's beginning to its decision, by kind. */
  readonly tasks = new Map<string, Histogram>();
  /** How long shared leases were out. */
  shared: Histogram | undefined = undefined;
}

/** Durations in buckets, by target. Made when somebody first asks for metrics: until then they cost a look each. */
export class Timings {
  /** Of all targets without series of their own. */
  readonly others = new TargetTimings();
  /** Other collectors, which put durations into buckets of their own. */
  readonly listeners = new Set<DurationListener>();
  /** Exceptions of theirs. */
  faults = 0;
  readonly #kinds = new Set<string>();

  leased(job: Job, now: number): void {
    this.#of(job.target).wait.add(now - job.createdAt);
    if (this.listeners.size > 0) this.#tell(F.taskWait, [nameOf(job.target)], now - job.createdAt);
  }

  headArrived({ job, startedAt }: Leg, now: number): void {
    this.#of(job.target).latency.add(now - startedAt);
    if (this.listeners.size > 0) this.#tell(F.attemptLatency, [nameOf(job.target)], now - startedAt);
  }

  decided(job: Job, now: number): void {
    const { tasks } = this.#of(job.target);
    const kind = this.#kindOf(job.kind.name);
    let histogram = tasks.get(kind);
    if (histogram === undefined) tasks.set(kind, (histogram = new Histogram()));
    histogram.add(now - job.createdAt);
    if (this.listeners.size > 0) this.#tell(F.taskDuration, [nameOf(job.target), kind], now - job.createdAt);
  }

  sharedEnded({ job, startedAt }: Leg, now: number): void {
    (this.#of(job.target).shared ??= new Histogram(LONG_BOUNDS)).add(now - startedAt);
    if (this.listeners.size > 0) this.#tell(F.sharedDuration, [nameOf(job.target)], now - startedAt);
  }

  #of(target: Target): TargetTimings {
    return target.shown ? (target.timings ??= new TargetTimings()) : this.others;
  }

  /** What a collector does is no concern of a request. */
  #tell(family: Family, labels: readonly string[], ms: number): void {
    for (const listener of this.listeners) {
      try {
        listener(family, labels, ms);
      } catch {
        this.faults++;
      }
    }
  }

  #kindOf(kind: string): string {
    if (this.#kinds.has(kind)) return kind;
    if (this.#kinds.size >= MOST_KINDS) return OTHER;
    this.#kinds.add(kind);
    return kind;
  }
}

function nameOf(target: Target): string {
  return target.shown ? target.name : OTHER;
}
