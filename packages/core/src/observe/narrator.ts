import { subscribe, type ChannelName, type Messages } from "./channels.ts";
import { breakerLine, exitLine, requeueLine, taskLine } from "./lines.ts";
import type { Log } from "./log.ts";

/**
 * Turns a pool's events into log lines. Only where somebody reads them: a subscription makes every event cost its message.
 * @returns ends it
 */
export function narrate(pool: string, log: Log): () => void {
  if (!log.heard) return () => {};
  const ends: (() => void)[] = [];
  const tell = <K extends ChannelName>(name: K, say: (message: Messages[K]) => void): void => void ends.push(subscribe(name, pool, say));
  if (log.heardInDetail) tell("multihome:task.settled", (message) => log.debug(taskLine(message), { target: message.target, exit: message.exit, kind: message.kind, batchId: message.batchId, attempt: message.attempts, reason: message.reason }));
  if (log.heardInDetail) tell("multihome:task.requeued", (message) => log.debug(requeueLine(message), { target: message.target, attempt: message.attempt, reason: message.reason }));
  if (log.heardInDetail) tell("multihome:exit.changed", (message) => log.debug(exitLine(message), { exit: message.exit, target: message.target, reason: message.reason, cooldownMs: message.cooldownMs }));
  tell("multihome:breaker.changed", (message) => (message.to === "open" ? log.warnQuietly(breakerLine(message), { target: message.target, reason: message.reason }) : log.info(breakerLine(message), { target: message.target, reason: message.reason })));
  tell("multihome:alert.raised", (message) => log.warnQuietly(`alert ${message.alert} | exit=${message.exit} | host=${message.target} | count=${message.count}`, { exit: message.exit, target: message.target, reason: message.alert }));
  return () => {
    for (const end of ends) end();
  };
}
