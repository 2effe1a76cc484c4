import type { ExitTable } from "../../exits/exit-table.ts";
import { FAMILIES as F } from "../../observe/metrics/families.ts";
import type { Sink } from "../../observe/metrics/readings.ts";
import { CONNECT_RESULTS, EXIT_KINDS, type SocketCounts } from "../../observe/socket-counts.ts";

/** What metrics show of sockets: of the kinds of exits that there are, and were. */
export function readSockets(sink: Sink, counts: SocketCounts, { exits }: ExitTable): void {
  const present = new Set<string>();
  for (const exit of exits) if (exit !== undefined) present.add(exit.kind);
  for (const kind of EXIT_KINDS) {
    const { connecting, open, results } = counts.of(kind);
    const used = connecting > 0 || CONNECT_RESULTS.some((result) => results[result] > 0);
    if (!used && !present.has(kind)) continue;
    sink.value(F.sockets, [kind, "connecting"], connecting);
    sink.value(F.sockets, [kind, "open"], open);
    for (const result of CONNECT_RESULTS) sink.value(F.connects, [kind, result], results[result]);
  }
}
