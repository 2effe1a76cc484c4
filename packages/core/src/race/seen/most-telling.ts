import type { Engine } from "../engine.ts";
import type { Target } from "../target.ts";

/**
 * Exits at a target that are worth showing where not all can be: the busiest and the most troubled in equal parts, and any
 * others where there is room left. In the order of the table.
 */
export function mostTelling({ table }: Engine, { health, pauses }: Target, most: number, now: number): number[] {
  const all: number[] = [];
  for (let exit = 0; exit < table.length; exit++) if (table.exits[exit] !== undefined) all.push(exit);
  if (all.length <= most) return all;

  const known = health.known().filter((exit) => table.exits[exit] !== undefined);
  const attempts = (exit: number): number => health.successes(exit) + health.failures(exit);
  const trouble = (exit: number): number => (pauses.untilOf(table.egress[exit]) > now || health.restsUntil(exit) > now ? 1e9 : 0) + health.failures(exit);
  const chosen = new Set(known.toSorted((a, b) => attempts(b) - attempts(a)).slice(0, most >> 1));
  const troubled = new Set([...known, ...pausedExits()]);
  for (const exit of [...troubled].sort((a, b) => trouble(b) - trouble(a))) {
    if (chosen.size >= most) break;
    chosen.add(exit);
  }
  for (let i = 0; chosen.size < most; i++) chosen.add(all[i]);
  return [...chosen].sort((a, b) => a - b);

  function* pausedExits(): IterableIterator<number> {
    for (const { egress } of pauses.entries(now)) yield* table.membersOf(egress);
  }
}
