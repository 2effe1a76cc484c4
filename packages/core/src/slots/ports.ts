import type { Lease } from "../model/lease.ts";
import type { Hints, RequestInfo } from "../model/request.ts";
import type { SlotRunStatus } from "../model/slots.ts";
import type { Engine } from "../race/engine.ts";
import type { Target } from "../race/target.ts";
import type { Crew } from "./crew.ts";
import type { Walk } from "./walk.ts";

/** A run, whatever its items are. */
export interface AnyRun {
  readonly id: string;
  /** Something has changed that may let a slot begin. */
  fill(): void;
  /** Nothing further is taken. */
  close(): void;
  abort(reason?: unknown): void;
  status(): SlotRunStatus;
}

export interface RoundEnd {
  readonly batchId: string;
  readonly slot: number;
  readonly cycle: number;
  readonly exit: string;
  readonly status: "fulfilled" | "rejected";
  readonly waitedMs: number;
  readonly durationMs: number;
}

/** What a run asks of its pool. */
export interface SlotPorts {
  readonly engine: Engine;
  readonly walk: Walk;
  targetOf(request: RequestInfo): Target;
  lease(target: Target, request: RequestInfo, batchId: string, granted: (lease: Lease) => void, refused: (error: unknown) => void): { abort(reason: unknown): void };
  inside<R>(hints: Hints, fn: () => R): R;
  /** Aborts what is sent on the lease, and takes it back. */
  abandon(lease: Lease, reason: unknown): void;
  /** For log and events. */
  roundEnded(run: AnyRun, round: RoundEnd): void;
  crewChanged(run: AnyRun, wanted: number | "auto", crew: Crew): void;
  /** Who stopped it is still waiting. */
  stopWaits(run: AnyRun, batches: readonly { batchId: string; exit: string; forMs: number }[]): void;
  ended(run: AnyRun): void;
}
