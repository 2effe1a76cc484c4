import type { ListContent } from "./list-intake.ts";
import type { Trouble } from "./judge-list.ts";

/** What came of a read: a list that was believed (`cut`: its first part was), or why there was none to believe. */
export const READ_RESULTS = ["ok", "cut", "failed", "page", "empty", "shrunk"] as const satisfies readonly ("ok" | Trouble["kind"])[];
/** What became of the lines of a list that was believed: a proxy that it named before or did not, one that it names already, none. */
export const LINE_RESULTS = ["kept", "new", "repeated", "rejected"] as const;

/** What a source has counted since it was named. */
export class SourceTally {
  readonly reads: Record<(typeof READ_RESULTS)[number], number> = { ok: 0, cut: 0, failed: 0, page: 0, empty: 0, shrunk: 0 };
  readonly lines: Record<(typeof LINE_RESULTS)[number], number> = { kept: 0, new: 0, repeated: 0, rejected: 0 };
  /** When a list was last read that was believed, in epoch milliseconds. */
  lastBelievedAt: number | undefined;

  read(trouble: Trouble | undefined): void {
    this.reads[trouble?.kind ?? "ok"]++;
  }

  /** @param known proxies that were in the list before */
  believed({ proxies, lines, refused }: ListContent, known: number, at: number): void {
    this.lastBelievedAt = at;
    this.lines.kept += known;
    this.lines.new += proxies.length - known;
    this.lines.repeated += lines - refused - proxies.length;
    this.lines.rejected += refused;
  }
}
