import type { SlotRunStatus, SlotsStatus } from "../model/slots.ts";
import type { AnyRun } from "./ports.ts";
import type { Run } from "./run.ts";

export function runStatus<T>(run: Run<T>): SlotRunStatus {
  const { clock } = run.ports.engine;
  const now = clock.now();
  const { crew, stretch } = run.pace.at(now);
  const counts = { running: 0, waiting: 0, pausing: 0 };
  let wakeAt = run.alarm.at;
  let longestMs = -1;
  for (const { alarm, state } of run.board.all) {
    switch (state.kind) {
      case "free":
        continue;
      case "busy": {
        const { round } = state;
        counts[round.state === "running" ? "running" : "waiting"]++;
        wakeAt = Math.min(wakeAt, round.wakeAt);
        if (round.startedAt >= 0) longestMs = Math.max(longestMs, now - round.startedAt);
        continue;
      }
      case "pausing":
        counts.pausing++;
        wakeAt = Math.min(wakeAt, alarm.at);
        continue;
      default: {
        const never: never = state;
        throw new TypeError(`Unknown state ${String(never)}.`);
      }
    }
  }
  const idle = Math.max(0, crew.allowed - counts.running - counts.waiting - counts.pausing);
  return {
    run: run.id,
    slots: run.crewSize.wanted,
    allowed: crew.allowed,
    ...(crew.limitedBy === undefined ? {} : { limitedBy: crew.limitedBy }),
    cycle: run.cycle,
    ...counts,
    idle,
    processed: run.processed,
    failed: run.failed,
    unread: run.results.unread,
    dropped: run.results.dropped,
    stretch,
    ...(wakeAt === Infinity ? {} : { nextWakeUpMs: Math.max(0, wakeAt - now) }),
    ...(longestMs < 0 ? {} : { longestMs }),
    state: run.phase === "over" ? "ended" : run.phase === "stopping" ? "stopping" : "running",
  };
}

export function slotsStatus(runs: Iterable<AnyRun>): SlotsStatus {
  const all = [...runs].map((run) => run.status());
  const sum = (of: "running" | "waiting" | "pausing" | "idle" | "processed" | "failed"): number => all.reduce((total, status) => total + status[of], 0);
  const wakeUps = all.flatMap(({ nextWakeUpMs }) => (nextWakeUpMs === undefined ? [] : [nextWakeUpMs]));
  return {
    running: sum("running"),
    waiting: sum("waiting"),
    pausing: sum("pausing"),
    idle: sum("idle"),
    processed: sum("processed"),
    failed: sum("failed"),
    ...(wakeUps.length === 0 ? {} : { nextWakeUpMs: Math.min(...wakeUps) }),
    runs: all,
  };
}
