import type { RuleEntry, Step } from "./table.ts";

/**
 * The rule with one weight replaced by what the server counts, for a person to accept into a table. `undefined` where the
 * form has no place for it: a price per symbol does not say which part of it is wrong.
 */
export function proposedRule(entry: RuleEntry, from: number, to: number, onSuccess: boolean): RuleEntry | undefined {
  if (onSuccess) return entry.onSuccess === undefined ? undefined : { ...entry, onSuccess: to };
  const change = <N extends number | undefined>(weight: N): N | number => (weight === from ? to : weight);
  const steps = (list: readonly Step[]): Step[] => list.map(([upTo, weight]) => [upTo, change(weight)]);
  if (entry.perSymbol !== undefined || entry.perItem !== undefined || entry.count !== undefined || entry.cost !== undefined) return undefined;
  const changed: RuleEntry = { ...entry };
  for (const name of ["weight", "withSymbol", "noSymbol", "otherwise"] as const) {
    if (entry[name] !== undefined) changed[name] = change(entry[name]);
  }
  if (entry.byLimit !== undefined) changed.byLimit = { ...entry.byLimit, steps: steps(entry.byLimit.steps) };
  if (entry.byCount !== undefined) changed.byCount = { ...entry.byCount, steps: steps(entry.byCount.steps) };
  if (entry.withParam !== undefined) changed.withParam = Object.fromEntries(Object.entries(entry.withParam).map(([name, weight]) => [name, change(weight)]));
  return changed;
}
