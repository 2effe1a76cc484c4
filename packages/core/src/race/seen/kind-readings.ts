import { FAMILIES as F, OTHER } from "../../observe/metrics/families.ts";
import type { Sink } from "../../observe/metrics/readings.ts";
import type { Kind, Kinds } from "../../queue/kinds.ts";

/** Kinds with series of their own: names may come from anywhere, and the first ones stay the first. */
const MOST_KINDS = 20;

/** What metrics show of kinds, over all targets. */
export function readKinds(sink: Sink, kinds: Kinds): void {
  const all = [...kinds];
  for (const kind of all.slice(0, MOST_KINDS)) write(sink, kind.name, [kind]);
  if (all.length > MOST_KINDS) write(sink, OTHER, all.slice(MOST_KINDS));
}

function write(sink: Sink, name: string, kinds: readonly Kind[]): void {
  const sum = (of: (kind: Kind) => number): number => kinds.reduce((total, kind) => total + of(kind), 0);
  sink.value(F.kindRequests, [name], sum((kind) => kind.requests));
  sink.value(F.kindTasks, [name, "answered"], sum((kind) => kind.completed));
  sink.value(F.kindTasks, [name, "failed"], sum((kind) => kind.failed));
  sink.value(F.kindWaiting, [name], sum((kind) => kind.waiting));
  sink.value(F.kindInflight, [name], sum((kind) => kind.inFlight));
  sink.value(F.kindRateLimited, [name], sum((kind) => kind.rateLimited));
  sink.value(F.kindWait, [name], sum((kind) => kind.waitedMs) / 1_000);
}
