import { ClosedError } from "../errors.ts";
import type { SlotOptions, SlotRun, SlotsStatus } from "../model/slots.ts";
import { channels } from "../observe/channels.ts";
import type { Log } from "../observe/log.ts";
import type { PauseRules } from "../quota/pauses.ts";
import type { Crew } from "./crew.ts";
import type { PoolPorts } from "./pool-ports.ts";
import type { AnyRun, RoundEnd, SlotPorts } from "./ports.ts";
import type { Worker } from "./round.ts";
import { Run } from "./run.ts";
import { slotsStatus } from "./run-status.ts";
import { Walk } from "./walk.ts";

/** The slot runs of a pool. */
export class Slots {
  readonly walk: Walk;
  /** Called when the last run has ended; set while closing. */
  onIdle: (() => void) | undefined;
  readonly #runs = new Set<AnyRun>();
  readonly #ports: SlotPorts;
  readonly #log: Log;
  #made = 0;

  constructor(given: PoolPorts, log: Log, rules: PauseRules) {
    this.#log = log;
    this.walk = new Walk(given.engine, rules);
    this.#ports = {
      ...given,
      walk: this.walk,
      roundEnded: (run, round) => this.#roundEnded(run, round),
      crewChanged: (run, wanted, crew) => this.#crewChanged(run, wanted, crew),
      stopWaits: (run, batches) => this.#stopWaits(run, batches),
      ended: (run) => {
        this.#runs.delete(run);
        if (this.#runs.size === 0) this.onIdle?.();
      },
    };
  }

  get idle(): boolean {
    return this.#runs.size === 0;
  }

  start<T, R>(items: Iterable<T> | AsyncIterable<T>, worker: Worker<T, R>, options: SlotOptions<T>): SlotRun<T, R> {
    if (this.#ports.engine.closing) throw new ClosedError();
    const run = new Run(`slots-${++this.#made}`, items, worker, options, this.#ports);
    this.#runs.add(run);
    // What a result holds is what this worker has resolved to; inside nobody looks at it.
    return run as SlotRun<T, unknown> as SlotRun<T, R>;
  }

  /** Exits have appeared, or the rules are others. */
  reconsider(): void {
    this.walk.serve();
    for (const run of this.#runs) run.fill();
  }

  update(rules: PauseRules): void {
    this.walk.pauses.rules = rules;
    this.reconsider();
  }

  status(): SlotsStatus {
    return slotsStatus(this.#runs);
  }

  close(): void {
    for (const run of [...this.#runs]) run.close();
  }

  abort(reason: unknown): void {
    for (const run of [...this.#runs]) run.abort(reason);
  }

  #roundEnded(run: AnyRun, round: RoundEnd): void {
    if (!channels.batchSettled.hasSubscribers) return;
    const { engine } = this.#ports;
    channels.batchSettled.publish({ pool: engine.name, at: engine.clock.now(), run: run.id, ...round });
  }

  /** Fewer slots than were asked for, because of what does not pass by itself, is worth a warning. */
  #crewChanged(run: AnyRun, wanted: number | "auto", { allowed, limitedBy, otherwise }: Crew): void {
    const { engine } = this.#ports;
    if (channels.slotsChanged.hasSubscribers) channels.slotsChanged.publish({ pool: engine.name, at: engine.clock.now(), run: run.id, slots: wanted, allowed, limitedBy });
    if (wanted === "auto") {
      this.#log.info(`slots | run=${run.id} | auto=${allowed}${limitedBy === undefined ? "" : ` | limited_by=${limitedBy}`}`, { run: run.id, slots: allowed, limitedBy });
    } else if (otherwise < wanted && allowed === otherwise) {
      const why = limitedBy === "backend-limit" ? `backendLimit allows ${otherwise}` : `there ${otherwise === 1 ? "is 1 exit" : `are ${otherwise} exits`}`;
      this.#log.warnQuietly(`slots | run=${run.id} | ${wanted} asked for, ${otherwise} work: ${why}`, { run: run.id, slots: otherwise, wanted, limitedBy });
    }
  }

  #stopWaits(run: AnyRun, batches: readonly { batchId: string; exit: string; forMs: number }[]): void {
    const which = batches.map(({ batchId, exit, forMs }) => `${batchId} through ${exit} for ${forMs} ms`).join(", ");
    this.#log.warn(`stop() of ${run.id} waits for ${batches.length === 1 ? "a worker that has" : `${batches.length} workers that have`} not ended: ${which}. abort() frees their exits.`, { run: run.id, batches });
  }
}
