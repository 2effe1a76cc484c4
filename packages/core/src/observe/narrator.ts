import type { TimerQueue } from "../time/timer-queue.ts";
import { AlertLines } from "./alert-lines.ts";
import { subscribe, type ChannelName, type Messages } from "./channels.ts";
import { breakerLine, exitLine, requeueLine, taskLine } from "./lines.ts";
import type { Log } from "./log.ts";

/**
 * Turns a pool's events into log lines. Only where somebody reads them: a subscription makes every event cost its message.
 * @param timers of the pool, which count what would be too many lines
 * @returns ends it
 */
export function narrate(pool: string, log: Log, timers: TimerQueue, now: () => number): () => void {
  const ends: (() => void)[] = [];
  const tell = <K extends ChannelName>(name: K, say: (message: Messages[K]) => void): void => void ends.push(subscribe(name, pool, say));
  if (log.heardInDetail("task")) {
    tell("multihome:task.settled", (message) => log.debug(taskLine(message), { target: message.target, exit: message.exit, kind: message.kind, batchId: message.batchId, attempt: message.attempts, reason: message.reason }, "task"));
    tell("multihome:task.requeued", (message) => log.debug(requeueLine(message), { target: message.target, kind: message.kind, batchId: message.batchId, attempt: message.attempt, reason: message.reason }, "task"));
  }
  if (log.heardInDetail("exit")) {
    tell("multihome:exit.changed", (message) => log.debug(exitLine(message), { exit: message.exit, target: message.target, reason: message.reason, cooldownMs: message.cooldownMs }, "exit"));
  }
  if (log.heardOf("breaker")) {
    tell("multihome:breaker.changed", (message) => {
      const fields = { target: message.target, reason: message.reason };
      if (message.to === "open") log.warnQuietly(breakerLine(message), fields, "breaker");
      else log.info(breakerLine(message), fields, "breaker");
    });
  }
  if (log.heardOf("exit")) {
    const alerts = new AlertLines(log, timers, now);
    tell("multihome:alert.raised", (message) => alerts.tell(message));
    ends.push(() => alerts.end());
  }
  return () => {
    for (const end of ends) end();
  };
}
