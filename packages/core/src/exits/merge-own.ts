import { endpointOf, setEndpoint } from "../connect/endpoints.ts";
import type { Exit } from "../model/exit.ts";
import type { ExitTable } from "./exit-table.ts";
import type { ResolvedExit } from "./inventory.ts";

/**
 * Takes the exits that the user names by now into the table: new ones are added, what is known of the others stays.
 * @returns indices of the new ones, of those that were known, and of those that are named no longer, neither by a source
 */
export function mergeOwn(table: ExitTable, named: readonly ResolvedExit[]): { added: number[]; known: number[]; gone: number[] } {
  const added: number[] = [];
  const known: number[] = [];
  const all = new Set<number>();
  for (const { exit, egressKey } of named) {
    const index = table.indexOf(exit.id);
    if (index === undefined) {
      added.push(table.add(exit, egressKey));
    } else {
      // The same place by another password: connections from now on use it.
      const endpoint = endpointOf(exit);
      if (endpoint !== undefined) setEndpoint(table.exits[index] as Exit, endpoint);
      table.sourced.delete(index);
      known.push(index);
    }
    all.add(table.indexOf(exit.id) as number);
  }
  const gone: number[] = [];
  for (let exit = 0; exit < table.length; exit++) if (table.exits[exit] !== undefined && !all.has(exit) && !table.sourced.has(exit)) gone.push(exit);
  return { added, known, gone };
}
