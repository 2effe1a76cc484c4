import { yieldToLoop } from "../../time/yield-to-loop.ts";
import type { ListedProxy } from "./listed-proxy.ts";

export interface MergedLists {
  /** In the order of their first lines. */
  readonly listed: readonly ListedProxy[];
  /** Ids that two lists give different passwords. */
  readonly repeated: ReadonlySet<string>;
}

/** Some milliseconds of work. */
const AT_ONCE = 16_384;

/**
 * One list of many: a proxy that several name is one. Of two passwords the later list's is taken, except that a public list
 * never overrides one of the user's own; and who is named by one of those may be at a private address.
 */
export async function mergeLists(lists: readonly (readonly ListedProxy[])[]): Promise<MergedLists> {
  const filled = lists.filter((list) => list.length > 0);
  const repeated = new Set<string>();
  if (filled.length <= 1) return { listed: filled[0] ?? [], repeated };

  const byId = new Map<string, ListedProxy>();
  let sinceTurn = 0;
  for (const list of filled) {
    for (const each of list) {
      const known = byId.get(each.id);
      if (known === undefined || isBetter(each, known)) byId.set(each.id, each);
      if (known !== undefined && known.proxy.password !== each.proxy.password) repeated.add(each.id);
      if (++sinceTurn < AT_ONCE) continue;
      sinceTurn = 0;
      await yieldToLoop();
    }
  }
  return { listed: [...byId.values()], repeated };
}

function isBetter(later: ListedProxy, known: ListedProxy): boolean {
  return known.publicSource || !later.publicSource;
}
