import type { ExitPool } from "@multihome/core";
import type { RequestFrame } from "./wire.ts";

/** As many as somebody looks through. */
const SHOWN = 100;

/** The last requests, newest first. The pool remembers them from the first time that somebody asks. */
export function requestFrames(pool: ExitPool): RequestFrame[] {
  return pool
    .decisions()
    .slice(-SHOWN)
    .reverse()
    .map(({ task, method, target, path, kind, weight, agoMs, state, tookMs, waits, attempts, attemptsLeftOut }) => ({
      task,
      method,
      target,
      path,
      ...(kind === undefined ? {} : { kind }),
      weight,
      agoMs,
      state,
      ...(tookMs === undefined ? {} : { tookMs }),
      waits,
      attempts: attempts.map(({ exit, round, why, verdict, reason, ms }) => ({ exit, round, why, ...(verdict === undefined ? {} : { verdict }), ...(reason === undefined ? {} : { reason }), ...(ms === undefined ? {} : { ms }) })),
      attemptsLeftOut,
    }));
}
