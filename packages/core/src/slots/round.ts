import type { AsyncResource } from "node:async_hooks";
import type { Lease } from "../model/lease.ts";
import type { RequestInfo } from "../model/request.ts";
import type { SlotBatch } from "../model/slots.ts";
import type { Target } from "../race/target.ts";
import type { Batch } from "./batch.ts";
import type { SlotPorts } from "./ports.ts";
import type { Rests } from "./rests.ts";

export type Worker<T, R = unknown> = (item: T, lease: Lease, batch: SlotBatch) => Promise<R>;
export type Outcome = { readonly status: "fulfilled"; readonly value: unknown } | { readonly status: "rejected"; readonly reason: unknown };

export interface RoundParts<T> {
  readonly ports: SlotPorts;
  readonly rests: Rests;
  /** The worker runs in the context that the run was made in, whoever wakes the slot. */
  readonly scope: AsyncResource;
  readonly worker: Worker<T>;
  readonly request: ((item: T) => RequestInfo) | undefined;
  /** The run goes to this target. */
  met(target: Target): void;
  /** There will be no lease for it: `error` says why. */
  refused(round: Round<T>, error: unknown): void;
  ended(round: Round<T>, outcome: Outcome): void;
}

/** One item with its exit: waits for a lease, has the worker run on it, gives it back. */
export class Round<T> {
  readonly item: T;
  readonly batch: Batch;
  readonly takenAt: number;
  startedAt = -1;
  exit = "";
  state: "waiting" | "running" | "over" = "waiting";
  readonly #parts: RoundParts<T>;
  #lease: Lease | undefined;
  #job: { abort(reason: unknown): void } | undefined;
  #forget = (): void => {};
  #wakeAt = (): number => Infinity;

  constructor(item: T, batch: Batch, takenAt: number, parts: RoundParts<T>) {
    this.item = item;
    this.batch = batch;
    this.takenAt = takenAt;
    this.#parts = parts;
  }

  /** Where it waits: when it is looked at again; `Infinity` where only an event makes that happen. */
  get wakeAt(): number {
    return this.state === "waiting" ? this.#wakeAt() : Infinity;
  }

  begin(): void {
    const { ports, request, rests, scope, met } = this.#parts;
    if (request === undefined) {
      const walker = { rests, granted: this.#granted, refused: this.#refused, used: met };
      this.#forget = () => ports.walk.forget(walker);
      this.#wakeAt = () => ports.walk.wakeAt;
      ports.walk.ask(walker);
      return;
    }
    try {
      const asked = request(this.item);
      const target = scope.runInAsyncScope(() => ports.targetOf(asked));
      met(target);
      this.#forget = () => this.#job?.abort(new DOMException("The slot has stopped.", "AbortError"));
      this.#wakeAt = () => target.wake.at;
      this.#job = scope.runInAsyncScope(() => ports.lease(target, asked, this.batch.id, this.#granted, this.#refused));
    } catch (error) {
      // In a microtask, as every end of a round.
      queueMicrotask(() => this.#refused(error));
    }
  }

  /** It waits no longer, and nobody is told. */
  forget(): void {
    if (this.state !== "waiting") return;
    this.state = "over";
    this.#forget();
  }

  /** Gives it up, whatever its worker does. */
  abort(reason: unknown): void {
    const { state } = this;
    if (state === "waiting") this.forget();
    this.state = "over";
    this.batch.abort(reason);
    if (state === "running" && this.#lease !== undefined) this.#parts.ports.abandon(this.#lease, reason);
  }

  readonly #granted = (lease: Lease): void => {
    if (this.state !== "waiting") {
      lease.release();
      return;
    }
    this.#lease = lease;
    this.exit = lease.exit.id;
    this.startedAt = this.#parts.ports.engine.clock.now();
    this.state = "running";
    // Never from within the pool's own work.
    queueMicrotask(() => void this.#work(lease));
  };

  readonly #refused = (error: unknown): void => {
    if (this.state !== "waiting") return;
    this.state = "over";
    this.#parts.refused(this, error);
  };

  async #work(lease: Lease): Promise<void> {
    const { ports, scope, worker, ended } = this.#parts;
    if (this.state !== "running") return;
    let outcome: Outcome;
    try {
      const value = await scope.runInAsyncScope(() => ports.inside({ lease, batchId: this.batch.id }, () => worker(this.item, lease, this.batch)));
      outcome = { status: "fulfilled", value };
    } catch (reason) {
      outcome = { status: "rejected", reason };
    }
    if ((this.state as string) !== "running") return;
    this.state = "over";
    lease.release();
    ended(this, outcome);
  }
}
