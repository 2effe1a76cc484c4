import { subscribe, type ChannelName, type Messages } from "./channels.ts";
import { breakerLine, exitLine, requeueLine, taskLine } from "./lines.ts";
import type { Log } from "./log.ts";

/**
 * Turns a pool's events into log lines. Only where somebody reads them: a subscription makes every event cost its message.
 * @returns ends it
 */
export function narrate(pool: string, log: Log): () => void {
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
    tell("multihome:alert.raised", (message) => log.warnQuietly(`alert ${message.alert} | exit=${message.exit} | host=${message.target} | count=${message.count}`, { exit: message.exit, target: message.target, reason: message.alert }, "exit"));
  }
  return () => {
    for (const end of ends) end();
  };
}
