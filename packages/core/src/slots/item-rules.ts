import type { SlotOptions } from "../model/slots.ts";
import { parseDuration } from "../time/duration.ts";
import type { FeedRules } from "./feed.ts";

/** What a run's options say of its items, looked at as it comes: what functions answer is not known before they are asked. */
export function itemRules<T>({ batchId, cycles, processDelay = 0 }: SlotOptions<T>, onRead: () => void): FeedRules<T> {
  return {
    keyOf: (item) => (batchId === undefined ? item : checkedId(batchId(item))),
    delayMsOf: (item) => delayMs(typeof processDelay === "function" ? processDelay(item) : processDelay),
    endless: cycles === Infinity,
    onRead,
  };
}

/** Anything else would name several items alike: `undefined`, "[object Object]". @throws TypeError */
function checkedId(id: unknown): string {
  if (typeof id === "string") return id;
  if (typeof id === "number" || typeof id === "bigint") return String(id);
  throw new TypeError(`Expected \`batchId\` to answer with a string, got \`${shown(id)}\`.`);
}

/** @throws RangeError */
function delayMs(delay: unknown): number {
  const ms = parseDuration(delay);
  if (ms === undefined) throw new RangeError(`Expected \`processDelay\` to answer with a duration such as 500, "500ms" or "30s", got \`${shown(delay)}\`.`);
  return ms;
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
