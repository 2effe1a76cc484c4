import type { ExitPool } from "../../model/pool.ts";

/** As much of a span as is needed. */
export interface SpanLike {
  setAttribute(name: string, value: string | number): unknown;
}

export interface TraceApiLike {
  getActiveSpan(): SpanLike | undefined;
}

/**
 * Tells spans where their requests went. A request that waits gets its exit in somebody else's turn, so its span is the one
 * that was active when it was made.
 */
export function describeSpans(pool: ExitPool, trace: TraceApiLike): () => void {
  const spans = new Map<string, SpanLike>();
  const ends = [
    pool.on("multihome:task.created", ({ task }) => {
      const span = trace.getActiveSpan();
      if (span !== undefined) spans.set(task, span);
    }),
    pool.on("multihome:lease.acquired", ({ task, byHand, exit, localAddress, target, kind, batchId, attempt, waitedMs }) => {
      // A lease that was taken at once, by hand, is no task.
      const span = spans.get(task) ?? (byHand ? trace.getActiveSpan() : undefined);
      if (byHand) spans.delete(task);
      if (span === undefined) return;
      set(span, { "network.local.address": localAddress, "multihome.exit": exit, "multihome.target": target, "multihome.kind": kind, "multihome.batch_id": batchId, "multihome.attempt": attempt, "multihome.waited_ms": waitedMs });
    }),
    pool.on("multihome:request.refused", ({ task, verdict, cooldownMs }) => {
      const span = spans.get(task);
      if (span !== undefined) set(span, { "multihome.refused": verdict, "multihome.cooldown_ms": cooldownMs });
    }),
    pool.on("multihome:race.settled", ({ task, legs, winner, localAddress }) => {
      const span = spans.get(task);
      if (span !== undefined) set(span, { "multihome.legs": legs, "multihome.exit": winner, "network.local.address": localAddress });
    }),
    pool.on("multihome:task.settled", ({ task, outcome, attempts }) => {
      const span = spans.get(task);
      if (span === undefined) return;
      set(span, { "multihome.outcome": outcome, "multihome.attempts": attempts });
      // A race is told after its task, in the same breath.
      queueMicrotask(() => spans.delete(task));
    }),
  ];
  return () => {
    for (const end of ends) end();
    spans.clear();
  };
}

function set(span: SpanLike, attributes: Record<string, string | number | undefined>): void {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) span.setAttribute(name, value);
}
