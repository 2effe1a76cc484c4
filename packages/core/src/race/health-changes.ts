import type { Change } from "../health/change.ts";
import { channels, type ExitChanged } from "../observe/channels.ts";
import type { Leg } from "./leg.ts";
import { FAILED_AGAIN, FAILURE_RUNS, RECOVERED } from "./seen/tally.ts";

/** Outcomes have changed how exits stand: told to whoever listens. What follows from it is found out when the exits are offered. */
export function healthChanged(leg: Leg, changes: readonly Change[], now: number): void {
  const { engine, job } = leg;
  const { target } = job;
  for (const change of changes) {
    if (change.kind === "target-cleared" || change.kind === "revived") target.desk.reconsider();
    count(leg, change, now);
    if (!channels.exitChanged.hasSubscribers) continue;
    const message = messageOf(change);
    if (message === undefined) continue;
    const { exit, ...rest } = message;
    channels.exitChanged.publish({ pool: engine.name, at: now, target: target.name, exit: engine.table.exits[exit]?.id ?? "", ...rest });
  }
}

/** So many failures in a row are worth a word. */
export function alertFailures(leg: Leg, now: number): void {
  const { engine, exitIndex, job } = leg;
  const count = job.target.health.failsInARow(exitIndex);
  if (count !== engine.rules.alertFailures) return;
  job.target.tally.counts[FAILURE_RUNS]++;
  if (!channels.alertRaised.hasSubscribers) return;
  channels.alertRaised.publish({ pool: engine.name, at: now, alert: "consecutive-failures", exit: leg.exit.id, target: leg.target, count });
}

function count(leg: Leg, change: Change, now: number): void {
  const { engine, job } = leg;
  const { tally } = job.target;
  if (change.kind === "recovered") tally.counts[RECOVERED]++;
  if (change.kind === "died") job.target.causes.exit(leg, "dead after its last failure", undefined, now);
  if (change.kind !== "cooled") return;
  job.target.causes.exit(leg, `${change.consecutiveFails} ${change.consecutiveFails === 1 ? "failure" : "failures"} in a row, the last`, undefined, now);
  if (change.trial) tally.counts[FAILED_AGAIN]++;
  tally.rested("failures", change.forMs);
  engine.exitTally.rested(change.exit, "failures");
}

type Told = Pick<ExitChanged, "from" | "to" | "reason" | "cooldownMs" | "consecutiveFails"> & { exit: number };

function messageOf(change: Change): Told | undefined {
  switch (change.kind) {
    case "cooled":
      return { exit: change.exit, from: change.trial ? "on-trial" : "healthy", to: "cooldown", reason: "failures in a row", cooldownMs: change.forMs, consecutiveFails: change.consecutiveFails };
    case "spared":
      return { exit: change.exit, from: "healthy", to: "spared", reason: "too many exits rest already", cooldownMs: undefined, consecutiveFails: change.consecutiveFails };
    case "recovered":
      return { exit: change.exit, from: "cooldown", to: "healthy", reason: "success", cooldownMs: undefined, consecutiveFails: undefined };
    case "died":
      return { exit: change.exit, from: "healthy", to: "dead", reason: "never a success", cooldownMs: undefined, consecutiveFails: undefined };
    case "revived":
      return { exit: change.exit, from: "dead", to: "healthy", reason: "success", cooldownMs: undefined, consecutiveFails: undefined };
    case "target-blamed":
    case "target-cleared":
      return undefined;
    default: {
      const never: never = change;
      throw new TypeError(`Unknown change ${String(never)}.`);
    }
  }
}
