import type { Sources } from "../../exits/sources/sources.ts";
import { LINE_RESULTS, READ_RESULTS } from "../../exits/sources/source-tally.ts";
import { FAMILIES as F } from "../../observe/metrics/families.ts";
import type { Sink } from "../../observe/metrics/readings.ts";

export type ReadableSources = Sources["tallies"];

/** What metrics show of the lists that exits come from. Their names hold no password and no token. */
export function readSources(sink: Sink, sources: ReadableSources): void {
  for (const { status, tally } of sources) {
    const { name, ok, proxies, lastReadAt } = status;
    const { reads, lines, lastBelievedAt } = tally;
    sink.value(F.sourceUp, [name], ok ? 1 : 0);
    sink.value(F.sourceProxies, [name], proxies);
    if (lastReadAt !== undefined) sink.value(F.sourceRead, [name], lastReadAt / 1_000);
    if (lastBelievedAt !== undefined) sink.value(F.sourceBelieved, [name], lastBelievedAt / 1_000);
    for (const result of READ_RESULTS) sink.value(F.sourceReads, [name, result], reads[result]);
    for (const result of LINE_RESULTS) sink.value(F.sourceLines, [name, result], lines[result]);
  }
}
