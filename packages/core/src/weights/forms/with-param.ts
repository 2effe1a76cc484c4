import { isGiven, isUnclear } from "../values.ts";
import type { Advice, Form } from "./form.ts";

/** A price for the presence of a parameter: `myTrades` with `orderId`, `order/test` with `computeCommissionRates`. */
export function withParamForm(withParam: Readonly<Record<string, number>>, otherwise: number): Form {
  const names = Object.keys(withParam);
  const weights = Object.values(withParam);
  const max = Math.max(otherwise, ...weights);
  // An explicit "false" is the documented default of every flag that costs something.
  const isSet = (value: string | undefined): boolean => isGiven(value) && value !== "false";
  return {
    names,
    min: Math.min(otherwise, ...weights),
    max,
    weigh(values) {
      let weight = -1;
      for (let index = 0; index < names.length; index++) {
        if (isUnclear(values[index])) return max;
        // Of several, which one the server goes by is its own affair: the dearest.
        if (isSet(values[index]) && weights[index] > weight) weight = weights[index];
      }
      return weight < 0 ? otherwise : weight;
    },
    advise(weight) {
      const advice: Advice[] = [];
      for (let index = 0; index < names.length; index++) {
        if (weights[index] < weight) advice.push({ change: `with ${names[index]} ${weights[index]} instead of ${weight}`, weight: weights[index], saves: weight - weights[index] });
      }
      if (otherwise < weight) advice.push({ change: `without ${names.join(" and ")} ${otherwise} instead of ${weight}`, weight: otherwise, saves: weight - otherwise });
      return advice;
    },
    band(weight) {
      const index = weights.indexOf(weight);
      if (weight === otherwise) return `without ${names.join(" and ")}`;
      return index < 0 ? undefined : `with ${names[index]}`;
    },
    unclear: (values) => names.filter((_, index) => isUnclear(values[index])).map((name) => `${name}=`),
  };
}
