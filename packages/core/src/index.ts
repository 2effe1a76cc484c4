export { createExitPool } from "./pool.ts";
export { CircuitOpenError, ClosedError, isMultihomeError, MaxAttemptsError, MultihomeError, PoolFullError, type ErrorCode } from "./errors.ts";
export type { Cause, DecidedAttempt, Decision } from "./model/decision.ts";
export type { Exit, ExitKind } from "./model/exit.ts";
export type { Dispatch, Driver, Lease, Leg, Transport } from "./model/lease.ts";
export type { Align, Charge, Counter, Ledger, Limit, LimitScope, Reservation } from "./model/limits.ts";
export type {
  AlertOptions,
  BackoffOptions,
  ExitPoolOptions,
  ExitSource,
  ExitsOptions,
  HealthOptions,
  KindOptions,
  Logger,
  QueueOptions,
  RaceOptions,
  TargetOptions,
  WeightTable,
} from "./model/options.ts";
export { EXIT_STATES, NO_LOAD } from "./model/overview.ts";
export type { CounterOverview, ExitColumns, ExitDetails, LimitOverview, PoolOverview, SourceOverview, TargetDetails, TargetOverview, WaitsFor } from "./model/overview.ts";
export type { AcquireOptions, AdapterHost, ExitBelief, ExitPool, ExitStatus, ExplainedExit, Explanation, KindStatus, LimitChange, PoolStatus, RunOptions, TryAcquireResult, WeightAnalysis, WeightReport } from "./model/pool.ts";
export type { Hints, RequestInfo } from "./model/request.ts";
export type { Classify, Feedback, ResponseInfo } from "./model/response.ts";
export type { SlotBatch, SlotOptions, SlotResult, SlotRun, SlotRunStatus, SlotsStatus } from "./model/slots.ts";
export type { MapOptions, Settled, TaskHandle } from "./model/task.ts";
export type { AttemptRecord, Verdict, VerdictKind } from "./model/verdict.ts";
export type { ChannelName, Messages } from "./observe/channels.ts";
export { systemClock, type Clock } from "./time/clock.ts";
export { parseDuration, type Duration } from "./time/duration.ts";
