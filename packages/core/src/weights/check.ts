import { MultihomeError } from "../errors.ts";
import { ruleProblems } from "./check-rules.ts";
import { shapeProblems } from "./check-shape.ts";
import type { TableDocument } from "./table.ts";

/** More than these help nobody; a table with a wrong field in every rule has thousands. */
const SHOWN = 20;

/**
 * The table, or one error with everything that is wrong with it.
 *
 * @throws MultihomeError `MH_ERR_CONFIG`
 */
export function checkedTable(table: unknown, name?: string): TableDocument {
  const shape = shapeProblems(table);
  // Sense is only looked for where the shape is right.
  const problems = shape.length > 0 ? shape : ruleProblems(table as TableDocument);
  if (problems.length === 0) return table as TableDocument;
  const called = name ?? (table as { exchange?: unknown } | null | undefined)?.exchange;
  throw configError(`Weight table${typeof called === "string" ? ` ${called}` : ""} cannot be used:`, problems);
}

export function configError(head: string, problems: readonly string[]): MultihomeError {
  const more = problems.length > SHOWN ? [`… and ${problems.length - SHOWN} more`] : [];
  return new MultihomeError("MH_ERR_CONFIG", [head, ...[...problems.slice(0, SHOWN), ...more].map((problem) => `  ${problem}`)].join("\n"));
}
