import { endpointOf, setEndpoint } from "../connect/endpoints.ts";
import type { Exit } from "../model/exit.ts";
import type { ExitTable } from "./exit-table.ts";
import { listedExit, type ListedProxy } from "./sources/listed-proxy.ts";

/** More exits than this are no pool that anybody uses, and each costs memory at every target. */
const MOST_EXITS = 100_000;

/**
 * Takes the proxies that sources name into the table: new ones are added, what is known of the others stays.
 * @returns indices of the new ones, and of those that were known
 */
export function mergeListed(table: ExitTable, listed: readonly ListedProxy[]): { added: number[]; known: number[]; leftOut: number } {
  const added: number[] = [];
  const known: number[] = [];
  let leftOut = 0;
  for (const proxy of listed) {
    const index = table.indexOf(proxy.id);
    if (index !== undefined) {
      if (table.sourced.has(index)) takePassword(table.exits[index] as Exit, proxy);
      known.push(index);
    } else if (table.size >= MOST_EXITS) {
      leftOut++;
    } else {
      const exit = table.add(listedExit(proxy), proxy.id);
      table.sourced.add(exit);
      added.push(exit);
    }
  }
  return { added, known, leftOut };
}

/** Providers change passwords, and lists tell: connections from now on use the new one. */
function takePassword(exit: Exit, listed: ListedProxy): void {
  // Only who has a user has a password, and a mark of it in its id.
  if (!listed.id.includes("#")) return;
  const { password } = listed.proxy;
  const endpoint = endpointOf(exit);
  if (endpoint === undefined || endpoint.password === password) return;
  const { password: _old, ...rest } = endpoint;
  setEndpoint(exit, password === undefined ? rest : { ...rest, password });
}
