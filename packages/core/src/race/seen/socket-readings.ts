import type { ExitTable } from "../../exits/exit-table.ts";
import type { Exit } from "../../model/exit.ts";
import { FAMILIES as F } from "../../observe/metrics/families.ts";
import type { Sink } from "../../observe/metrics/readings.ts";
import { CONNECT_RESULTS, EXIT_KINDS, type SocketCounts } from "../../observe/socket-counts.ts";

/** What metrics show of sockets: of the kinds of exits that the pool has or has had. */
export class SocketReadings {
  readonly #table: ExitTable;
  readonly #kinds = new Set<Exit["kind"]>();
  #turns = -1;

  constructor(table: ExitTable) {
    this.#table = table;
  }

  read(sink: Sink, counts: SocketCounts): void {
    this.#look();
    for (const kind of EXIT_KINDS) {
      if (!this.#kinds.has(kind)) continue;
      const { connecting, open, results } = counts.of(kind);
      sink.value(F.sockets, [kind, "connecting"], connecting);
      sink.value(F.sockets, [kind, "open"], open);
      for (const result of CONNECT_RESULTS) sink.value(F.connects, [kind, result], results[result]);
    }
  }

  /** Through all exits only where some have come or gone. */
  #look(): void {
    const { exits, turns } = this.#table;
    if (turns === this.#turns) return;
    this.#turns = turns;
    for (const exit of exits) if (exit !== undefined) this.#kinds.add(exit.kind);
  }
}
