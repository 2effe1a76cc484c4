import type { RuleEntry, Step } from "../table.ts";
import { isGiven, isUnclear, itemCount } from "../values.ts";
import { shown, type Advice, type Form } from "./form.ts";
import { heaviest, lightest, stepRange, stepWeight } from "./steps.ts";

type List = { readonly steps: readonly Step[] } | { readonly each: number; readonly max: number };

/** A price by what is asked for: one symbol, a list of them, or everything. */
export function symbolsForm(rule: RuleEntry): Form {
  if (rule.perSymbol !== undefined) {
    const max = rule.max ?? rule.perSymbol;
    return symbolForm(undefined, "symbols", { each: rule.perSymbol, max }, rule.noSymbol ?? max, rule.perSymbol);
  }
  const { byCount, perItem, withSymbol, noSymbol } = rule;
  const list: List | undefined = byCount ?? perItem;
  return symbolForm(withSymbol, (byCount ?? perItem)?.param, list, noSymbol ?? (list === undefined ? withSymbol ?? 0 : listMax(list)), undefined);
}

function symbolForm(withSymbol: number | undefined, listName: string | undefined, list: List | undefined, none: number, perSymbol: number | undefined): Form {
  // A price per symbol covers `symbol` as a list of one.
  const readsSymbol = withSymbol !== undefined || perSymbol !== undefined;
  const names = [...(readsSymbol ? ["symbol"] : []), ...(listName === undefined ? [] : [listName])];
  const listAt = readsSymbol ? 1 : 0;
  const one = withSymbol ?? perSymbol;
  const max = Math.max(none, one ?? 0, list === undefined ? 0 : listMax(list));
  const min = Math.min(none, one ?? none, list === undefined ? none : listMin(list));

  const listWeight = (value: string): number => {
    const count = itemCount(value);
    return count === undefined || list === undefined ? max : weightOfList(list, count);
  };
  return {
    names,
    min,
    max,
    weigh(values) {
      const symbol = readsSymbol ? values[0] : undefined;
      const items = list === undefined ? undefined : values[listAt];
      if (isUnclear(symbol) || isUnclear(items)) return max;
      // Two values where the price is that of one symbol.
      if (symbol !== undefined && perSymbol === undefined && symbol.includes(",")) return max;
      if (symbol === undefined && items === undefined) return none;
      // Both together is an error of the caller's; the dearer reading is the safe one.
      const single = symbol === undefined ? -1 : perSymbol !== undefined ? listWeight(symbol) : one ?? max;
      return items === undefined ? single : Math.max(single, listWeight(items));
    },
    advise(weight, values) {
      const asksForAll = values === undefined ? weight === none : names.every((_, index) => values[index] === undefined);
      if (asksForAll) return one !== undefined && one < weight ? [{ change: `with a symbol ${one} instead of ${weight}`, weight: one, saves: weight - one }] : [];
      const count = values === undefined || list === undefined ? undefined : itemCount(values[listAt] ?? "");
      return count === undefined || listName === undefined ? [] : smallerLists(list as List, listName, count, weight);
    },
    band(weight) {
      if (weight === none) return readsSymbol ? "without a symbol" : `without ${listName}`;
      if (list !== undefined && "steps" in list) {
        const range = stepRange(list.steps, weight);
        if (range !== undefined) return weight === withSymbol ? `one symbol or ${range} ${listName}` : `${range} ${listName}`;
      }
      return weight === withSymbol ? "with a symbol" : undefined;
    },
    unclear: (values) => names.filter((_, index) => isUnclear(values[index]) || (index === listAt && isGiven(values[index]) && itemCount(values[index]) === undefined))
      .map((name) => `${name}=${shown(values[names.indexOf(name)] ?? "")}`),
  };
}

function weightOfList(list: List, count: number): number {
  return "steps" in list ? stepWeight(list.steps, count) : Math.min(list.max, list.each * count);
}

function listMax(list: List): number {
  return "steps" in list ? heaviest(list.steps) : list.max;
}

function listMin(list: List): number {
  return "steps" in list ? lightest(list.steps) : Math.min(list.each, list.max);
}

/** Where prices are flat by band, several small lists may cost less than one long one. */
function smallerLists(list: List, name: string, count: number, weight: number): Advice[] {
  if (!("steps" in list)) return [];
  const advice: Advice[] = [];
  for (const [upTo, each] of list.steps) {
    if (upTo === "more" || upTo >= count) break;
    const requests = Math.ceil(count / upTo);
    const total = requests * each;
    if (total < weight) advice.push({ change: `${requests} requests of at most ${upTo} ${name} cost ${total}, this one asks for ${count} and costs ${weight}`, weight: total, saves: weight - total });
  }
  return advice.sort((a, b) => b.saves - a.saves);
}
